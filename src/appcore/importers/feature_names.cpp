#include "appcore/importers/feature_names.hpp"

#include <algorithm>
#include <string>

#include "appcore/importers/value_reader.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {

Status read_feature_names(const Value& owner, std::string_view name, Source& source) {
    const std::size_t features = source.facts.features;
    const Value* const value = owner.find(name);
    const Numbers* const nothing = value == nullptr ? nullptr : value->numbers();
    if (value == nullptr || (nothing != nullptr && nothing->empty())) {
        for (std::size_t i = 0; i < features; ++i) {
            source.names.push_back("f" + std::to_string(i));
        }
        return Done{};
    }
    const Array* const names = value->array();
    const auto is_name = [](const Value& one) {
        return one.text() != nullptr && one.text()->size() <= models::kMaxName;
    };
    if (names == nullptr || names->size() != features || !std::ranges::all_of(*names, is_name)) {
        return Error{shown_name(name) + " must be a list of " + std::to_string(features) +
                     " strings of at most " + std::to_string(models::kMaxName) +
                     " bytes, one for each feature"};
    }
    for (const Value& one : *names) source.names.push_back(*one.text());
    return Done{};
}

}  // namespace appcore::importers
