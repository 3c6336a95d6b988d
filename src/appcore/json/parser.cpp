#include "appcore/json/parser.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "appcore/json/number.hpp"
#include "appcore/json/string_literal.hpp"

namespace appcore::json {
namespace {

constexpr std::size_t kMaxIntegerDigits = 4300;  // Python's sys.get_int_max_str_digits()
// Where the old service met Python's C recursion limit; close to it, its answers to a syntax error
// varied from one try to the next.
constexpr std::size_t kMaxDepth = 9984;

constexpr std::array<std::string_view, 6> kWords = {"null", "true",     "false",
                                                    "NaN",  "Infinity", "-Infinity"};

// Every step returns false after it has noted a failure.
class Parser {
  public:
    explicit Parser(std::string_view text) : text_(text), document_(text) {}

    ParseResult run();

  private:
    enum class After : unsigned char { value_expected, value_complete, failed };

    [[nodiscard]] bool at(char c) const { return at_ < text_.size() && text_[at_] == c; }
    void skip_space() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }
    bool fail(std::string_view message, std::size_t position);

    After begin_value();
    After begin_container();
    After end_container();
    After after_value();
    bool literal();
    bool string();
    bool key();

    std::string_view text_;
    std::size_t at_ = 0;
    std::vector<Document::Index> open_;  // the containers around at_
    Document document_;
    ParseResult failure_;
};

bool Parser::fail(std::string_view message, std::size_t position) {
    failure_ = SyntaxError{message, position};
    return false;
}

bool Parser::string() {
    std::size_t end = 0;
    const std::optional<SyntaxError> error = scan_string(text_, at_, end);
    if (error) return fail(error->message, error->position);
    document_.add_literal(at_, end - at_);
    at_ = end;
    return true;
}

// The longest number, else a word: "-Infinity" does not begin with a number.
bool Parser::literal() {
    const std::string_view rest = text_.substr(at_);
    const NumberPrefix number = number_prefix(rest);
    std::size_t length = number.length;
    if (length == 0) {
        const auto* const word =
            std::find_if(kWords.begin(), kWords.end(),
                         [rest](std::string_view w) { return rest.starts_with(w); });
        if (word == kWords.end()) return fail(message::kValue, at_);
        length = word->size();
    } else if (number.is_integer && length > kMaxIntegerDigits) {
        const std::size_t sign = rest.starts_with('-') ? 1 : 0;
        if (length - sign > kMaxIntegerDigits) {
            failure_ = Unparsable{};
            return false;
        }
    }
    document_.add_literal(at_, length);
    at_ += length;
    return true;
}

// A key, its colon and the white space after it.
bool Parser::key() {
    if (!at('"')) return fail(message::kProperty, at_);
    if (!string()) return false;
    skip_space();
    if (!at(':')) return fail(message::kColon, at_);
    ++at_;
    skip_space();
    return true;
}

Parser::After Parser::begin_container() {
    if (open_.size() == kMaxDepth) {
        failure_ = Unparsable{};
        return After::failed;
    }
    const bool is_object = at('{');
    open_.push_back(document_.open(at_));
    ++at_;
    skip_space();
    if (at(is_object ? '}' : ']')) return end_container();
    if (is_object && !key()) return After::failed;
    return After::value_expected;
}

Parser::After Parser::end_container() {
    ++at_;
    document_.close(open_.back());
    open_.pop_back();
    return After::value_complete;
}

Parser::After Parser::begin_value() {
    if (at('[') || at('{')) return begin_container();
    const bool good = at('"') ? string() : literal();
    return good ? After::value_complete : After::failed;
}

// What follows a complete value inside a container: its end, or a comma and the next value.
Parser::After Parser::after_value() {
    const bool in_object = document_.kind(open_.back()) == Kind::object;
    const char end = in_object ? '}' : ']';
    skip_space();
    if (at(end)) return end_container();
    if (!at(',')) {
        fail(message::kComma, at_);
        return After::failed;
    }
    const std::size_t comma = at_;
    ++at_;
    skip_space();
    if (at(end)) {
        fail(in_object ? message::kCommaInObject : message::kCommaInArray, comma);
        return After::failed;
    }
    if (in_object && !key()) return After::failed;
    return After::value_expected;
}

ParseResult Parser::run() {
    skip_space();
    After state = After::value_expected;
    do {
        state = state == After::value_expected ? begin_value() : after_value();
        if (state == After::failed) return failure_;
    } while (state == After::value_expected || !open_.empty());
    skip_space();
    if (at_ != text_.size()) return SyntaxError{message::kExtra, at_};
    return std::move(document_);
}

}  // namespace

ParseResult parse(std::string_view text) {
    if (text.size() > std::numeric_limits<Document::Index>::max()) return Unparsable{};
    return Parser(text).run();
}

}  // namespace appcore::json
