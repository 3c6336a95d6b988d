#include "appcore/http/media_type.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

namespace appcore::http {
namespace {

// What Python's str.strip() takes for space in a header, which it reads as Latin-1.
constexpr std::string_view kSpace = "\t\n\v\f\r\x1C\x1D\x1E\x1F \x85\xA0";

std::string_view strip(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(kSpace);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

char to_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool is_json(std::string_view content_type) {
    if (content_type == "application/json") return true;  // nearly always, and without a copy
    std::string type(strip(content_type.substr(0, content_type.find(';'))));
    std::transform(type.begin(), type.end(), type.begin(), to_lower);
    constexpr std::string_view kMainType = "application/";
    if (!type.starts_with(kMainType)) return false;
    const std::string_view subtype = std::string_view(type).substr(kMainType.size());
    if (subtype.find('/') != std::string_view::npos) return false;
    return subtype == "json" || subtype.ends_with("+json");
}

}  // namespace appcore::http
