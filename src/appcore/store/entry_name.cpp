#include "appcore/store/entry_name.hpp"

#include <algorithm>
#include <cstring>

namespace appcore::store {

EntryName pack_name(std::string_view name) {
    std::array<char, sizeof(EntryName)> bytes{};
    const std::string_view kept = name.substr(0, bytes.size() - 1);
    std::ranges::transform(kept, bytes.begin(),
                           [](char c) { return c < ' ' || c > '~' ? '?' : c; });
    EntryName words{};
    std::memcpy(words.data(), bytes.data(), bytes.size());
    return words;
}

std::string unpack_name(std::span<const std::uint64_t, kNameWords> words) {
    std::array<char, sizeof(EntryName)> bytes{};
    std::memcpy(bytes.data(), words.data(), bytes.size());
    return {bytes.begin(), std::ranges::find(bytes, '\0')};
}

}  // namespace appcore::store
