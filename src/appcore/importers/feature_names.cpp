#include "appcore/importers/feature_names.hpp"

#include <algorithm>
#include <string>

#include "appcore/importers/value_reader.hpp"
#include "appcore/json/utf8.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {

Status check_name(std::string_view name) {
    if (name.size() > models::kMaxName) {
        return Error{"a feature's name must have at most " + std::to_string(models::kMaxName) +
                     " bytes, one has " + std::to_string(name.size())};
    }
    const auto is_control = [](char c) {
        return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
    };
    if (json::is_utf8(name, json::Surrogates::refuse) && std::ranges::none_of(name, is_control)) {
        return Done{};
    }
    return Error{"the feature's name " + shown_name(name) +
                 " must be UTF-8 without control characters: rename the feature"};
}

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
    const auto is_text = [](const Value& one) { return one.text() != nullptr; };
    if (names == nullptr || names->size() != features || !std::ranges::all_of(*names, is_text)) {
        return must_be(name, "a list of " + std::to_string(features) + " strings", value);
    }
    for (const Value& one : *names) {
        if (Status checked = check_name(*one.text()); !checked) return checked;
        source.names.push_back(*one.text());
    }
    return Done{};
}

}  // namespace appcore::importers
