// The names of a model's features.
#pragma once

#include <string_view>

#include "appcore/importers/document.hpp"
#include "appcore/importers/source.hpp"

namespace appcore::importers {

// A name is UTF-8 without control characters, of at most kMaxName bytes: it is shown to people.
[[nodiscard]] Status check_name(std::string_view name);

// Sets the names of `source`, whose features are known, to the list in the member `name` of
// `owner`; without a list, or with an empty one, to "f0", "f1" and so on, as XGBoost does.
[[nodiscard]] Status read_feature_names(const Value& owner, std::string_view name, Source& source);

}  // namespace appcore::importers
