#include "appcore/api/predict_request.hpp"

#include <array>
#include <cstddef>
#include <utility>
#include <variant>

#include "appcore/api/feature_coercion.hpp"
#include "appcore/api/feature_scanner.hpp"
#include "appcore/api/validation_error.hpp"
#include "appcore/http/media_type.hpp"
#include "appcore/json/echo.hpp"
#include "appcore/json/encoding.hpp"
#include "appcore/json/members.hpp"
#include "appcore/json/parser.hpp"
#include "appcore/json/utf8.hpp"
#include "appcore/json/writer.hpp"

namespace appcore::api {
namespace {

using json::Document;
using json::Kind;

constexpr int bad_request = 400;
constexpr int unprocessable = 422;

Rejection unparsable() {
    return {bad_request, R"({"detail":"There was an error parsing the body"})"};
}

// A refusal with one item; `input` is JSON text.
Rejection refuse(const ErrorType& error, std::string_view location, std::string_view input,
                 std::string_view context = {}) {
    ValidationErrors errors;
    errors.begin(error, location) += input;
    errors.end(context);
    return {unprocessable, errors.finish()};
}

Rejection refuse(const ErrorType& error, std::string_view location, const Document& document,
                 Document::Index input) {
    ValidationErrors errors;
    json::append_value(errors.begin(error, location), document, input);
    errors.end();
    return {unprocessable, errors.finish()};
}

// A body that is not declared as JSON is a string to the old service, so never an object.
Rejection refuse_other_type(std::string_view body) {
    std::string input;
    json::append_string(input, json::to_valid_utf8(body));
    return refuse(error_type::not_an_object, error_location::body, input);
}

Rejection refuse_syntax(std::string_view text, const json::SyntaxError& error) {
    const std::size_t position = json::count_code_points(text.substr(0, error.position));
    std::string context = R"({"error":)";
    json::append_string(context, error.message);
    context += '}';
    return refuse(error_type::json_invalid, error_location::position(position), "{}", context);
}

const ErrorType& error_of(FeatureProblem problem) {
    switch (problem) {
        case FeatureProblem::not_a_number:
            return error_type::not_a_number;
        case FeatureProblem::not_numeric:
            return error_type::not_numeric;
        case FeatureProblem::not_unicode:
            return error_type::not_unicode;
        case FeatureProblem::not_finite:
            break;
    }
    return error_type::not_finite;
}

void add_feature(ValidationErrors& errors, FeatureProblem problem, std::size_t index,
                 const Document& document, Document::Index node) {
    if (errors.full()) return;
    const std::string location = error_location::feature(index);
    json::append_value(errors.begin(error_of(problem), location), document, node);
    errors.end();
}

// Features that are not finite were no errors to the old service, it failed on them later. So they
// are reported only where it reported nothing.
std::optional<Rejection> read_list(const Document& document, Document::Index list,
                                   std::vector<double>& features) {
    features.clear();
    ValidationErrors errors;
    ValidationErrors not_finite;
    std::string scratch;
    std::size_t index = 0;
    const Document::Index end = document.after(list);
    for (Document::Index node = list + 1; node != end && !errors.full();
         node = document.after(node), ++index) {
        const Feature feature = coerce_feature(document, node, scratch);
        if (const double* const value = std::get_if<double>(&feature)) {
            features.push_back(*value);
            continue;
        }
        const auto problem = std::get<FeatureProblem>(feature);
        add_feature(problem == FeatureProblem::not_finite ? not_finite : errors, problem, index,
                    document, node);
    }
    if (errors.empty() && not_finite.empty()) return std::nullopt;
    return Rejection{unprocessable, errors.empty() ? not_finite.finish() : errors.finish()};
}

std::optional<Rejection> read_document(const Document& document, std::vector<double>& features) {
    constexpr Document::Index root = Document::root;
    if (document.kind(root) == Kind::null) {
        return refuse(error_type::missing, error_location::body, "null");
    }
    if (document.kind(root) != Kind::object) {
        return refuse(error_type::not_an_object, error_location::body, document, root);
    }
    const std::optional<Document::Index> list = json::find_member(document, root, "features");
    if (!list) return refuse(error_type::missing, error_location::features, document, root);
    if (document.kind(*list) != Kind::array) {
        return refuse(error_type::not_a_list, error_location::features, document, *list);
    }
    if (document.after(*list) == *list + 1) {
        return refuse(error_type::too_short, error_location::features, "[]",
                      R"({"field_type":"List","min_length":1,"actual_length":0})");
    }
    return read_list(document, *list, features);
}

}  // namespace

std::optional<Rejection> read_predict_request(std::string_view content_type, std::string_view body,
                                              std::vector<double>& features) {
    if (body.empty()) return refuse(error_type::missing, error_location::body, "null");
    if (!content_type.empty() && !http::is_json(content_type)) return refuse_other_type(body);
    if (scan_features(body, features)) return std::nullopt;
    std::string storage;
    const std::optional<std::string_view> text = json::decode_body(body, storage);
    if (!text) return unparsable();
    const json::ParseResult parsed = json::parse(*text);
    if (const auto* const error = std::get_if<json::SyntaxError>(&parsed)) {
        return refuse_syntax(*text, *error);
    }
    if (const auto* const document = std::get_if<Document>(&parsed)) {
        return read_document(*document, features);
    }
    return unparsable();
}

}  // namespace appcore::api
