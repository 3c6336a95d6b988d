// What the fuzz targets share: libFuzzer's entry point, assertions, and the cutting of an input.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

// Called with one input after the other, by libFuzzer or by replay.cpp. Returns 0; what is wrong
// ends the process.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

// An invariant that holds for every input.
inline void ensure(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "broken: %s\n", what);
    std::abort();
}

// JSON without numbers that nlohmann cannot hold: of a run of digits only the first 20 are kept.
inline std::string with_short_numbers(std::string_view text) {
    std::string copy;
    std::size_t digits = 0;
    for (const char c : text) {
        digits = c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits <= 20) copy.push_back(c);
    }
    return copy;
}

// Whether `text` is JSON in UTF-8, by a parser that is not ours.
inline bool is_json(std::string_view text) {
    return nlohmann::json::accept(text) || nlohmann::json::accept(with_short_numbers(text));
}

// The parts of an input, from its front on. What is missing is zero or empty.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    std::uint8_t byte() {
        if (rest_.empty()) return 0;
        const auto value = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return value;
    }

    // Up to the next NUL, which no FastCGI parameter of a web server has in it.
    std::string_view text() {
        const std::string_view all = rest_;
        const std::size_t length = all.find('\0');
        rest_ = length == std::string_view::npos ? "" : all.substr(length + 1);
        return all.substr(0, length);
    }

    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
};

}  // namespace fuzz
