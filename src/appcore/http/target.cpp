#include "appcore/http/target.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

namespace appcore::http {
namespace {

// Longer than any route, also with a slash behind it: a path that decodes to more is not a route.
constexpr std::size_t kDecodedLimit = 64;

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Takes one byte, decoded, from the front of `rest`, which is not empty.
char take_decoded(std::string_view& rest) {
    if (rest.front() == '%' && rest.size() >= 3) {
        const int high = hex_value(rest[1]);
        const int low = hex_value(rest[2]);
        if (high >= 0 && low >= 0) {
            rest.remove_prefix(3);
            return static_cast<char>(high * 16 + low);
        }
    }
    const char c = rest.front();
    rest.remove_prefix(1);
    return c;
}

// A decoded path in a fixed buffer. `slashes` counts those at its end, which are not stored, so
// that any number of them fits.
class DecodedPath {
  public:
    explicit DecodedPath(std::string_view path) {
        while (!path.empty() && fits_) append(take_decoded(path));
    }

    // The path without its trailing slashes; "" for a path that is too long to be a route.
    [[nodiscard]] std::string_view stem() const {
        return fits_ ? std::string_view(buffer_.data(), size_) : std::string_view{};
    }
    [[nodiscard]] std::size_t slashes() const { return slashes_; }

  private:
    void append(char c) {
        if (c == '/') {
            ++slashes_;
            return;
        }
        fits_ = size_ + slashes_ < buffer_.size();
        if (!fits_) return;
        std::fill_n(buffer_.begin() + static_cast<std::ptrdiff_t>(size_), slashes_, '/');
        size_ += slashes_;
        slashes_ = 0;
        buffer_[size_++] = c;
    }

    std::array<char, kDecodedLimit> buffer_{};
    std::size_t size_ = 0;
    std::size_t slashes_ = 0;
    bool fits_ = true;
};

bool is_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool is_port(std::string_view text) {
    return text.size() > 1 && text.front() == ':' &&
           std::all_of(text.begin() + 1, text.end(), is_digit);
}

// "[" hex digits ":" hex digits, colons and dots "]"
bool is_bracketed_ipv6(std::string_view text) {
    if (text.size() < 4 || text.front() != '[' || text.back() != ']') return false;
    const std::string_view inner = text.substr(1, text.size() - 2);
    const std::size_t colon = inner.find(':');
    if (colon == std::string_view::npos || colon + 1 == inner.size()) return false;
    return std::all_of(inner.begin(), inner.end(), [&](const char& c) {
        const bool before_colon = &c < inner.data() + colon;
        return hex_value(c) >= 0 || c == ':' || (c == '.' && !before_colon);
    });
}

}  // namespace

bool is_printable_target(std::string_view target) {
    return std::ranges::all_of(target, [](char c) { return c > ' ' && c <= '~'; });
}

Target split_target(std::string_view target) {
    target = target.substr(0, target.find('#'));
    const std::size_t question = target.find('?');
    if (question == std::string_view::npos) return {target, {}};
    return {target.substr(0, question), target.substr(question + 1)};
}

void append_decoded(std::string& out, std::string_view path) {
    while (!path.empty()) out.push_back(take_decoded(path));
}

Endpoint route(std::string_view path) {
    const DecodedPath decoded(path);
    const Endpoint endpoint = find_endpoint(decoded.stem());
    const bool as_listed = decoded.slashes() == 0;
    const bool old_spelling = endpoint == Endpoint::metrics && decoded.slashes() == 1;
    return as_listed || old_spelling ? endpoint : Endpoint::other;
}

Endpoint route_without_slashes(std::string_view path) {
    const DecodedPath decoded(path);
    return decoded.slashes() > 0 ? find_endpoint(decoded.stem()) : Endpoint::other;
}

void append_quoted(std::string& out, std::string_view query) {
    static constexpr std::string_view kSafe = "_.-~:/%#?=@[]!$&'()*+,;";
    static constexpr std::string_view kHex = "0123456789ABCDEF";
    for (const char c : query) {
        if (is_alnum(c) || kSafe.find(c) != std::string_view::npos) {
            out.push_back(c);
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.push_back('%');
            out.push_back(kHex[byte / 16]);
            out.push_back(kHex[byte % 16]);
        }
    }
}

bool is_usable_host(std::string_view host) {
    const std::size_t bracket = host.rfind(']');
    const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (colon != std::string_view::npos) {
        if (!is_port(host.substr(colon))) return false;
        host = host.substr(0, colon);
    }
    if (bracket != std::string_view::npos) return is_bracketed_ipv6(host);
    return !host.empty() && std::all_of(host.begin(), host.end(),
                                        [](char c) { return is_alnum(c) || c == '.' || c == '-'; });
}

}  // namespace appcore::http
