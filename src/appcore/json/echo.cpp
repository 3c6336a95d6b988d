#include "appcore/json/echo.hpp"

#include <cmath>
#include <cstddef>
#include <string_view>
#include <vector>

#include "appcore/json/members.hpp"
#include "appcore/json/number.hpp"
#include "appcore/json/string_literal.hpp"
#include "appcore/json/writer.hpp"

namespace appcore::json {
namespace {

// FastAPI's encoder takes keys that begin so for SQLAlchemy's private state and leaves them out.
constexpr std::string_view kHiddenKeyPrefix = "_sa";

void append_number(std::string& text, std::string_view literal) {
    if (is_integer_literal(literal)) {
        text += literal == "-0" ? "0" : literal;
        return;
    }
    const double value = parse_number(literal);
    if (std::isfinite(value)) {
        append_float(text, value);
    } else {
        append_string(text, literal);
    }
}

// A container that is being written: what is left of it. An array is a range of nodes; an object is
// a list of members, because duplicate keys change their order.
struct Frame {
    Document::Index next = 0;
    Document::Index end = 0;
    std::vector<Member> members = {};
    std::size_t next_member = 0;
    bool is_object = false;
    bool is_first = true;

    [[nodiscard]] bool done() const {
        return is_object ? next_member == members.size() : next == end;
    }
};

class ValueWriter {
  public:
    ValueWriter(std::string& text, const Document& document, std::size_t limit)
        : text_(text), document_(document), limit_(limit) {}

    void write(Document::Index root) {
        begin(root);
        while (!frames_.empty() && text_.size() <= limit_) {
            Frame& frame = frames_.back();
            if (frame.done()) {
                text_ += frame.is_object ? '}' : ']';
                frames_.pop_back();
                continue;
            }
            if (!frame.is_first) text_ += ',';
            frame.is_first = false;
            begin(frame.is_object ? next_value(frame) : next_element(frame));
        }
    }

  private:
    // Writes a scalar whole, of a container the bracket.
    void begin(Document::Index node);

    std::vector<Member> echoed_members(Document::Index object) {
        std::vector<Member> members = unique_members(document_, object);
        std::erase_if(members, [this](const Member& member) {
            return string_value(document_.literal(member.key), scratch_)
                .starts_with(kHiddenKeyPrefix);
        });
        return members;
    }

    Document::Index next_element(Frame& frame) {
        const Document::Index element = frame.next;
        frame.next = document_.after(element);
        return element;
    }

    Document::Index next_value(Frame& frame) {
        const Member member = frame.members[frame.next_member++];
        append_string(text_, string_value(document_.literal(member.key), scratch_), limit_);
        text_ += ':';
        return member.value;
    }

    std::string& text_;
    const Document& document_;
    const std::size_t limit_;
    std::vector<Frame> frames_;
    std::string scratch_;
};

void ValueWriter::begin(Document::Index node) {
    switch (document_.kind(node)) {
        case Kind::null:
        case Kind::boolean:
            text_ += document_.literal(node);
            break;
        case Kind::number:
            append_number(text_, document_.literal(node));
            break;
        case Kind::constant:
            append_string(text_, document_.literal(node));
            break;
        case Kind::string:
            append_string(text_, string_value(document_.literal(node), scratch_), limit_);
            break;
        case Kind::array:
            text_ += '[';
            frames_.push_back({.next = node + 1, .end = document_.after(node)});
            break;
        case Kind::object:
            text_ += '{';
            frames_.push_back({.members = echoed_members(node), .is_object = true});
            break;
    }
}

}  // namespace

void append_value(std::string& text, const Document& document, Document::Index node,
                  std::size_t limit) {
    ValueWriter(text, document, limit).write(node);
}

}  // namespace appcore::json
