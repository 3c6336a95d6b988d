// The characters of a JSON text, as a parser takes them that knows JSON only.
#pragma once

#include <cstddef>
#include <iterator>
#include <string_view>

namespace appcore::importers {

// XGBoost writes NaN, Infinity and -Infinity, which JSON does not have: outside of strings they are
// passed on as null.
class JsonCharacters {
  public:
    using iterator_category = std::input_iterator_tag;
    using value_type = char;
    using difference_type = std::ptrdiff_t;
    using pointer = const char*;
    using reference = const char&;

    // The characters of `text`, or its end.
    static JsonCharacters begin(std::string_view text) {
        return {text.data(), text.data() + text.size()};
    }
    static JsonCharacters end(std::string_view text) {
        return {text.data() + text.size(), text.data() + text.size()};
    }

    const char& operator*() const { return left_ > 0 ? kNull[kNull.size() - left_] : *at_; }

    JsonCharacters& operator++() {
        if (left_ > 0) {
            if (--left_ == 0) look();
            return *this;
        }
        const char passed = *at_++;
        if (in_string_) {
            if (passed == '\\' && !escaped_) {
                escaped_ = true;
                return *this;
            }
            if (passed == '"' && !escaped_) in_string_ = false;
            escaped_ = false;
        } else if (passed == '"') {
            in_string_ = true;
        }
        if (!in_string_) look();
        return *this;
    }
    JsonCharacters operator++(int) {
        JsonCharacters before = *this;
        ++*this;
        return before;
    }

    bool operator==(const JsonCharacters& other) const {
        return at_ == other.at_ && left_ == other.left_;
    }

  private:
    static constexpr std::string_view kNull = "null";

    JsonCharacters(const char* at, const char* end) : at_(at), end_(end) { look(); }

    // Whether one of the words begins here; then four characters stand for it.
    void look() {
        if (at_ == end_ || (*at_ != 'N' && *at_ != 'I' && *at_ != '-')) return;
        const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
        for (const std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
            if (!rest.starts_with(word)) continue;
            at_ += word.size();
            left_ = kNull.size();
            return;
        }
    }

    const char* at_;
    const char* end_;
    std::size_t left_ = 0;  // characters of "null" that come first
    bool in_string_ = false;
    bool escaped_ = false;
};

}  // namespace appcore::importers
