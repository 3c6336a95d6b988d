// The members of a parsed object as Python's dict has them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "appcore/json/document.hpp"

namespace appcore::json {

struct Member {
    Document::Index key;
    Document::Index value;
};

// The value of the last member with this key, if there is one.
[[nodiscard]] std::optional<Document::Index> find_member(const Document& document,
                                                         Document::Index object,
                                                         std::string_view key);

// The members without duplicates: of equal keys the last value at the first one's place. It takes
// n log n comparisons whatever the keys are.
[[nodiscard]] std::vector<Member> unique_members(const Document& document, Document::Index object);

}  // namespace appcore::json
