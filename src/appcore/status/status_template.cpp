#include "appcore/status/status_template.hpp"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "appcore/status/status_format.hpp"

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kValue = "{{";
constexpr std::string_view kValueEnd = "}}";
constexpr std::string_view kComment = "<!--";
constexpr std::string_view kCommentEnd = "-->";
constexpr std::string_view kEach = "<!-- each ";
constexpr std::string_view kIf = "<!-- if ";
constexpr std::string_view kEnd = "<!-- end -->";

// Cuts `text` behind the first `end`, and returns what stood before it.
std::string_view take_until(std::string_view& text, std::string_view end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(std::min(at + end.size(), text.size()));
    return head;
}

// Cuts `text` behind the end of the block whose beginning is cut already, and returns the block.
std::string_view take_block(std::string_view& text) {
    const std::string_view all = text;
    for (int depth = 1; depth > 0 && !text.empty();) {
        const std::size_t begin = std::min(text.find(kEach), text.find(kIf));
        const std::size_t end = std::min(text.find(kEnd), text.size());
        depth += begin < end ? 1 : -1;
        text.remove_prefix(begin < end ? begin + kIf.size()
                                       : std::min(end + kEnd.size(), text.size()));
    }
    const std::string_view block = all.substr(0, all.size() - text.size());
    return block.ends_with(kEnd) ? block.substr(0, block.size() - kEnd.size()) : block;
}

const Json& look_up(const Json& data, std::string_view pointer) {
    static const Json kMissing = nullptr;
    const Json::json_pointer path{std::string(pointer)};
    return data.contains(path) ? data.at(path) : kMissing;
}

bool is_something(const Json& value) {
    return !value.empty() && value != false && value != Json(std::string());
}

void append_html(std::string& out, std::string_view text) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out.append("&amp;");
                break;
            case '<':
                out.append("&lt;");
                break;
            case '>':
                out.append("&gt;");
                break;
            case '"':
                out.append("&quot;");
                break;
            case '\'':
                out.append("&#39;");
                break;
            default:
                out.push_back(c);
        }
    }
}

void fill(std::string& out, std::string_view markup, const Json& data);

// `markup` begins with the comment.
void fill_comment(std::string& out, std::string_view& markup, const Json& data) {
    const bool is_each = markup.starts_with(kEach);
    const bool is_if = markup.starts_with(kIf);
    markup.remove_prefix(is_each ? kEach.size() : is_if ? kIf.size() : kComment.size());
    std::string_view head = take_until(markup, kCommentEnd);
    if (!is_each && !is_if) return;
    const Json& value = look_up(data, take_until(head, " "));
    const std::string_view block = take_block(markup);
    if (is_if) {
        if (is_something(value)) fill(out, block, data);
        return;
    }
    for (const auto& [key, element] : value.items()) {
        fill(out, block, element.is_object() ? element : Json{{"key", key}, {"value", element}});
    }
}

void fill(std::string& out, std::string_view markup, const Json& data) {
    while (!markup.empty()) {
        const std::size_t next =
            std::min({markup.find(kValue), markup.find(kComment), markup.size()});
        out.append(markup.substr(0, next));
        markup.remove_prefix(next);
        if (markup.starts_with(kComment)) {
            fill_comment(out, markup, data);
        } else if (markup.starts_with(kValue)) {
            markup.remove_prefix(kValue.size());
            std::string_view format = take_until(markup, kValueEnd);
            const std::string_view pointer = take_until(format, " ");
            append_html(out, format_value(format, look_up(data, pointer)));
        }
    }
}

}  // namespace

std::string fill_template(std::string_view markup, const Json& data) {
    std::string out;
    fill(out, markup, data);
    return out;
}

}  // namespace appcore::status
