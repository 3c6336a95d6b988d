#include "appcore/status/status_template.hpp"

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>

#include "appcore/status/status_format.hpp"

namespace appcore::status {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kValue = "data-value=\"";
constexpr std::string_view kAs = " data-as=\"";
constexpr std::string_view kEach = "data-each=\"";
constexpr std::string_view kBegin = "<template>";
constexpr std::string_view kEnd = "</template>";

// Cuts `text` behind the first `end`, and returns what stood before it.
std::string_view take_until(std::string_view& text, std::string_view end) {
    const std::size_t at = std::min(text.find(end), text.size());
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(std::min(at + end.size(), text.size()));
    return head;
}

const Json& look_up(const Json& data, std::string_view pointer) {
    static const Json kMissing = nullptr;
    const Json::json_pointer path{std::string(pointer)};
    return data.contains(path) ? data.at(path) : kMissing;
}

void append_attribute(std::string& out, std::string_view name, std::string_view value) {
    out.append(" ").append(name).append("=\"");
    append_html(out, value);
    out.append("\"");
}

// `rest` begins behind kValue.
void fill_value(std::string& out, std::string_view& rest, const Json& data) {
    const std::string_view pointer = take_until(rest, "\"");
    take_until(rest, kAs);
    const std::string_view format = take_until(rest, "\">");
    const Json& value = look_up(data, pointer);
    out.append(kValue).append(pointer).append("\"").append(kAs).append(format).append("\"");
    const bool is_state = format == "state" || format == "mark";
    const std::string text = format_value(is_state ? "text" : format, value);
    if (is_state) append_attribute(out, "data-state", text);
    const bool is_plot = format == "line" || format == "area";
    if (is_plot) {
        const PlotKind kind = format == "line" ? PlotKind::line : PlotKind::area;
        append_attribute(out, "d", plot_path(value, kind));
    }
    out.append(">");
    if (format != "mark" && !is_plot) append_html(out, text);
}

// `rest` begins behind kEach.
void fill_rows(std::string& out, std::string_view& rest, const Json& data) {
    const std::string_view pointer = take_until(rest, "\"");
    const std::string_view between = take_until(rest, kBegin);
    const std::string_view row = take_until(rest, kEnd);
    out.append(kEach).append(pointer).append("\"").append(between);
    out.append(kBegin).append(row).append(kEnd);
    for (const auto& [key, value] : look_up(data, pointer).items()) {
        out.append(
            fill_template(row, value.is_object() ? value : Json{{"key", key}, {"value", value}}));
    }
}

}  // namespace

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

std::string fill_template(std::string_view markup, const Json& data) {
    std::string out;
    while (!markup.empty()) {
        const std::size_t value = markup.find(kValue);
        const std::size_t each = markup.find(kEach);
        const std::size_t next = std::min({value, each, markup.size()});
        out.append(markup.substr(0, next));
        markup.remove_prefix(next);
        if (next == value) {
            markup.remove_prefix(kValue.size());
            fill_value(out, markup, data);
        } else if (next == each) {
            markup.remove_prefix(kEach.size());
            fill_rows(out, markup, data);
        }
    }
    return out;
}

}  // namespace appcore::status
