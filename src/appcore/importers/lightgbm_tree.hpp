// One tree of a LightGBM text model.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>

#include "appcore/importers/forest_builder.hpp"
#include "appcore/result.hpp"

namespace appcore::importers {

// Lines NAME=VALUE by name.
using Fields = std::map<std::string_view, std::string_view>;

// Adds the tree with these lines to `forest`, whose leaves are linear if any tree's are.
// `features` is how many the model has. The error does not say which tree.
[[nodiscard]] Status add_lightgbm_tree(const Fields& fields, std::uint32_t features,
                                       std::uint32_t output, ForestBuilder& forest);

// Adds the line to `fields` if its name is one of `known`; the error says which name is unknown, or
// there twice.
template <typename Names>
[[nodiscard]] Status add_field(std::string_view line, const Names& known, Fields& fields) {
    const std::size_t equals = line.find('=');
    const std::string_view name = line.substr(0, equals);
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1);
    for (const std::string_view candidate : known) {
        if (candidate != name) continue;
        if (!fields.emplace(name, value).second) {
            return Error{"'" + std::string(name) + "' is there twice"};
        }
        return Done{};
    }
    return Error{"'" + std::string(name.substr(0, 60)) +
                 "' is unknown; appcore knows LightGBM's text format v2 to v4"};
}

}  // namespace appcore::importers
