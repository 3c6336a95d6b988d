#include "appcore/schema/feature_coercion.hpp"

#include <cmath>
#include <optional>
#include <string_view>

#include "appcore/json/number.hpp"
#include "appcore/json/string_literal.hpp"
#include "appcore/json/utf8.hpp"
#include "appcore/schema/feature_string.hpp"

namespace appcore::schema {
namespace {

Feature finite_or_problem(double value) {
    if (std::isfinite(value)) return value;
    return FeatureProblem::not_finite;
}

Feature coerce_number(std::string_view literal) {
    const double value = json::parse_number(literal);
    if (!std::isfinite(value) && json::is_integer_literal(literal)) {
        return FeatureProblem::not_a_number;
    }
    return finite_or_problem(value);
}

Feature coerce_string(std::string_view text) {
    if (const std::optional<double> value = parse_feature_string(text)) {
        return finite_or_problem(*value);
    }
    return json::is_utf8(text, json::Surrogates::refuse) ? FeatureProblem::not_numeric
                                                         : FeatureProblem::not_unicode;
}

}  // namespace

Feature coerce_feature(const json::Document& document, json::Document::Index node,
                       std::string& scratch) {
    switch (document.kind(node)) {
        case json::Kind::boolean:
            return document.literal(node) == "true" ? 1.0 : 0.0;
        case json::Kind::number:
            return coerce_number(document.literal(node));
        case json::Kind::constant:
            return FeatureProblem::not_finite;
        case json::Kind::string:
            return coerce_string(json::string_value(document.literal(node), scratch));
        case json::Kind::null:
        case json::Kind::array:
        case json::Kind::object:
            break;
    }
    return FeatureProblem::not_a_number;
}

}  // namespace appcore::schema
