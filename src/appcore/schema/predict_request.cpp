#include "appcore/schema/predict_request.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <variant>

#include "appcore/http/media_type.hpp"
#include "appcore/json/encoding.hpp"
#include "appcore/json/members.hpp"
#include "appcore/json/parser.hpp"
#include "appcore/json/utf8.hpp"
#include "appcore/json/writer.hpp"
#include "appcore/schema/feature_coercion.hpp"
#include "appcore/schema/feature_scanner.hpp"
#include "appcore/schema/validation_error.hpp"

namespace appcore::schema {
namespace {

using json::Document;
using json::Kind;
using models::InputRules;

constexpr int kBadRequest = 400;
constexpr int kTooLarge = 413;
constexpr int kUnprocessable = 422;

Rejection unparsable() {
    return {kBadRequest, R"({"detail":"There was an error parsing the body"})"};
}

Rejection refuse(ValidationErrors& errors) {
    std::optional<std::string> reply = errors.finish();
    if (!reply) return {kTooLarge, {}};
    return {kUnprocessable, std::move(*reply)};
}

// A refusal with one item; `input` is JSON text.
Rejection refuse(const ErrorType& error, std::string_view location, std::string_view input,
                 std::string_view context = {}) {
    ValidationErrors errors;
    errors.begin(error, location) += input;
    errors.end(context);
    return refuse(errors);
}

Rejection refuse(const ErrorType& error, std::string_view location, const Document& document,
                 Document::Index input) {
    ValidationErrors errors;
    errors.add(error, location, document, input);
    return refuse(errors);
}

// A body that is not declared as JSON is a string to the old service, so never an object.
Rejection refuse_other_type(std::string_view body) {
    constexpr std::size_t kMaxReply = ValidationErrors::kMaxReply;
    ValidationErrors errors;
    json::append_string(errors.begin(error_type::kNotAnObject, error_location::kBody),
                        json::to_valid_utf8(body, kMaxReply), kMaxReply);
    errors.end();
    return refuse(errors);
}

Rejection refuse_syntax(std::string_view text, const json::SyntaxError& error) {
    const std::size_t position = json::count_code_points(text.substr(0, error.position));
    std::string context = R"({"error":)";
    json::append_string(context, error.message);
    context += '}';
    return refuse(error_type::kJsonInvalid, error_location::position(position), "{}", context);
}

const ErrorType& error_of(FeatureProblem problem) {
    switch (problem) {
        case FeatureProblem::not_a_number:
            return error_type::kNotANumber;
        case FeatureProblem::not_numeric:
            return error_type::kNotNumeric;
        case FeatureProblem::not_unicode:
            return error_type::kNotUnicode;
        case FeatureProblem::not_finite:
            break;
    }
    return error_type::kNotFinite;
}

void add_feature(ValidationErrors& errors, FeatureProblem problem, std::size_t index,
                 const Document& document, Document::Index node) {
    if (errors.full()) return;
    errors.add(error_of(problem), error_location::feature(index), document, node);
}

// "List should have at most 3 items after validation, not 4", and the list.
Rejection refuse_length(bool too_long, const Document& document, Document::Index list,
                        std::size_t expected, std::size_t actual) {
    const std::string wanted = std::to_string(expected);
    const std::string found = std::to_string(actual);
    const std::string message =
        std::string("List should have at ") + (too_long ? "most " : "least ") + wanted +
        (expected == 1 ? " item" : " items") + " after validation, not " + found;
    const std::string context = R"({"field_type":"List",")" +
                                std::string(too_long ? "max" : "min") + R"(_length":)" + wanted +
                                R"(,"actual_length":)" + found + "}";
    const ErrorType error{too_long ? "too_long" : "too_short", message};
    ValidationErrors errors;
    errors.add(error, error_location::kFeatures, document, list, context);
    return refuse(errors);
}

std::size_t count_elements(const Document& document, Document::Index list) {
    std::size_t count = 0;
    const Document::Index end = document.after(list);
    for (Document::Index node = list + 1; node != end; node = document.after(node)) ++count;
    return count;
}

bool overflows(double value, const InputRules& rules) {
    return rules.is_float32 && std::isinf(static_cast<float>(value));
}

// What the scanner has read without a look at the rules.
bool accepts(const InputRules& rules, const std::vector<double>& features) {
    if (rules.features && features.size() != *rules.features) return false;
    return !rules.is_float32 ||
           std::ranges::none_of(features, [&](double value) { return overflows(value, rules); });
}

// The old service did not refuse features that are not finite; it failed on them later. So they
// are reported only where it reported nothing.
std::optional<Rejection> read_list(const Document& document, Document::Index list,
                                   const InputRules& rules, std::vector<double>& features) {
    features.clear();
    ValidationErrors errors;
    ValidationErrors not_finite;
    std::string scratch;
    std::size_t index = 0;
    const Document::Index end = document.after(list);
    for (Document::Index node = list + 1; node != end && !errors.full();
         node = document.after(node), ++index) {
        if (rules.null_is_missing && document.kind(node) == Kind::null) {
            features.push_back(std::numeric_limits<double>::quiet_NaN());
            continue;
        }
        Feature feature = coerce_feature(document, node, scratch);
        if (const double* const value = std::get_if<double>(&feature);
            value && overflows(*value, rules)) {
            feature = FeatureProblem::not_finite;
        }
        if (const double* const value = std::get_if<double>(&feature)) {
            features.push_back(*value);
            continue;
        }
        const auto problem = std::get<FeatureProblem>(feature);
        add_feature(problem == FeatureProblem::not_finite ? not_finite : errors, problem, index,
                    document, node);
    }
    if (!errors.empty()) return refuse(errors);
    if (rules.features && index < *rules.features) {
        return refuse_length(false, document, list, *rules.features, index);
    }
    if (!not_finite.empty()) return refuse(not_finite);
    return std::nullopt;
}

std::optional<Rejection> read_document(const Document& document, const InputRules& rules,
                                       std::vector<double>& features) {
    constexpr Document::Index kRoot = Document::kRoot;
    if (document.kind(kRoot) == Kind::null) {
        return refuse(error_type::kMissing, error_location::kBody, "null");
    }
    if (document.kind(kRoot) != Kind::object) {
        return refuse(error_type::kNotAnObject, error_location::kBody, document, kRoot);
    }
    const std::optional<Document::Index> list = json::find_member(document, kRoot, "features");
    if (!list) return refuse(error_type::kMissing, error_location::kFeatures, document, kRoot);
    if (document.kind(*list) != Kind::array) {
        return refuse(error_type::kNotAList, error_location::kFeatures, document, *list);
    }
    if (rules.features) {
        const std::size_t count = count_elements(document, *list);
        if (count > *rules.features) {
            return refuse_length(true, document, *list, *rules.features, count);
        }
    } else if (document.after(*list) == *list + 1) {
        return refuse(error_type::kTooShort, error_location::kFeatures, "[]",
                      R"({"field_type":"List","min_length":1,"actual_length":0})");
    }
    return read_list(document, *list, rules, features);
}

}  // namespace

std::optional<Rejection> read_predict_request(std::string_view content_type, std::string_view body,
                                              const models::InputRules& rules,
                                              std::vector<double>& features) {
    if (body.empty()) return refuse(error_type::kMissing, error_location::kBody, "null");
    if (!content_type.empty() && !http::is_json(content_type)) return refuse_other_type(body);
    if (scan_features(body, features) && accepts(rules, features)) return std::nullopt;
    std::string storage;
    const std::optional<std::string_view> text = json::decode_body(body, storage);
    if (!text) return unparsable();
    const json::ParseResult parsed = json::parse(*text);
    if (const auto* const error = std::get_if<json::SyntaxError>(&parsed)) {
        return refuse_syntax(*text, *error);
    }
    if (const auto* const document = std::get_if<Document>(&parsed)) {
        return read_document(*document, rules, features);
    }
    return unparsable();
}

Rejection refuse_prediction(std::string_view body) {
    std::string storage;
    const std::optional<std::string_view> text = json::decode_body(body, storage);
    if (!text) return unparsable();
    const json::ParseResult parsed = json::parse(*text);
    const auto* const document = std::get_if<Document>(&parsed);
    if (document == nullptr) return unparsable();
    const std::optional<Document::Index> list =
        json::find_member(*document, Document::kRoot, "features");
    if (!list) return unparsable();
    return refuse(error_type::kNoPrediction, error_location::kFeatures, *document, *list);
}

}  // namespace appcore::schema
