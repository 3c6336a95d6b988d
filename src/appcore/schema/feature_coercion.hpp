// From one parsed element of "features" to a double: pydantic's lax rules for a float.
#pragma once

#include <string>
#include <variant>

#include "appcore/json/document.hpp"

namespace appcore::schema {

enum class FeatureProblem : unsigned char {
    not_a_number,  // null, a list, an object, an integer beyond a double
    not_numeric,   // a string that is not a number
    not_unicode,   // a string with a lone surrogate
    not_finite,    // NaN, an infinity, or what rounds to one; the old service failed here
};

using Feature = std::variant<double, FeatureProblem>;

// `scratch` is room for strings with escapes, kept between calls.
[[nodiscard]] Feature coerce_feature(const json::Document& document, json::Document::Index node,
                                     std::string& scratch);

}  // namespace appcore::schema
