#include "appcore/json/members.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "appcore/json/string_literal.hpp"

namespace appcore::json {
namespace {

std::vector<Member> all_members(const Document& document, Document::Index object) {
    std::vector<Member> members;
    const Document::Index end = document.after(object);
    for (Document::Index key = object + 1; key != end;) {
        members.push_back({key, key + 1});
        key = document.after(key + 1);
    }
    return members;
}

bool has_escape(std::string_view literal) {
    return literal.find('\\') != std::string_view::npos;
}

// The first bytes of a text as a number of the same order, so that most comparisons need no more.
std::uint64_t prefix_of(std::string_view text) {
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < sizeof prefix; ++i) {
        prefix = (prefix << 8U) | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0U);
    }
    return prefix;
}

// A key's text and which member it belongs to.
struct Key {
    std::string_view text;
    std::uint64_t prefix;
    std::size_t place;

    bool operator<(const Key& other) const {
        if (prefix != other.prefix) return prefix < other.prefix;
        const int order = text.compare(other.text);
        return order != 0 ? order < 0 : place < other.place;
    }
};

// The keys in order, equal ones by place. Those with escapes point into `storage`, which is large
// enough from the start, so that it never moves.
std::vector<Key> sorted_keys(const Document& document, const std::vector<Member>& members,
                             std::string& storage) {
    std::size_t escaped_size = 0;
    for (const Member& member : members) {
        const std::string_view literal = document.literal(member.key);
        if (has_escape(literal)) escaped_size += literal.size();
    }
    storage.reserve(escaped_size);
    std::vector<Key> keys;
    keys.reserve(members.size());
    std::string scratch;
    for (std::size_t place = 0; place < members.size(); ++place) {
        const std::string_view literal = document.literal(members[place].key);
        std::string_view text = string_value(literal, scratch);
        if (has_escape(literal)) {
            const std::size_t begin = storage.size();
            storage += text;
            text = std::string_view(storage).substr(begin);
        }
        keys.push_back({text, prefix_of(text), place});
    }
    std::sort(keys.begin(), keys.end());
    return keys;
}

}  // namespace

std::optional<Document::Index> find_member(const Document& document, Document::Index object,
                                           std::string_view key) {
    std::optional<Document::Index> found;
    std::string scratch;
    const Document::Index end = document.after(object);
    for (Document::Index at = object + 1; at != end; at = document.after(at + 1)) {
        if (string_value(document.literal(at), scratch) == key) found = at + 1;
    }
    return found;
}

std::vector<Member> unique_members(const Document& document, Document::Index object) {
    std::vector<Member> members = all_members(document, object);
    if (members.size() < 2) return members;
    std::string storage;
    const std::vector<Key> keys = sorted_keys(document, members, storage);
    constexpr Document::Index kDropped = Document::kRoot;  // which is not the value of a member
    for (std::size_t first = 0; first < keys.size();) {
        std::size_t last = first;
        while (last + 1 < keys.size() && keys[last + 1].text == keys[first].text) ++last;
        members[keys[first].place].value = members[keys[last].place].value;
        for (std::size_t i = first + 1; i <= last; ++i) members[keys[i].place].value = kDropped;
        first = last + 1;
    }
    std::erase_if(members, [](const Member& member) { return member.value == kDropped; });
    return members;
}

}  // namespace appcore::json
