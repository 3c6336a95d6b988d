#include "appcore/http/accept.hpp"

#include <charconv>
#include <system_error>

#include "appcore/http/field_value.hpp"

namespace appcore::http {
namespace {

// How well a media range covers a type: 0 not at all, 1 as "*/*", 2 as "text/*", 3 by name.
int coverage(std::string_view range, std::string_view type) {
    if (equal_ignoring_case(range, type)) return 3;
    if (range == "*/*") return 1;
    const std::string_view main_type = type.substr(0, type.find('/') + 1);
    const bool is_group = range.ends_with("/*") && range.size() == main_type.size() + 1;
    return is_group && equal_ignoring_case(range.substr(0, main_type.size()), main_type) ? 2 : 0;
}

}  // namespace

double weight_of(std::string_view parameters) {
    while (!parameters.empty()) {
        std::string_view parameter = take(parameters, ';');
        if (!equal_ignoring_case(take(parameter, '='), "q")) continue;
        const std::string_view text = trim(parameter);
        double weight = 1;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight,
                                                  std::chars_format::fixed);
        if (error != std::errc{} || end != text.data() + text.size()) return 1;
        return weight >= 0 && weight <= 1 ? weight : 1;
    }
    return 1;
}

double accept_weight(std::string_view accept, std::string_view type) {
    if (trim(accept).empty()) return 1;
    int best = 0;
    double weight = 0;
    while (!accept.empty()) {
        std::string_view parameters = take(accept, ',');
        const int covered = coverage(take(parameters, ';'), type);
        if (covered <= best) continue;
        best = covered;
        weight = weight_of(parameters);
    }
    return weight;
}

bool prefers_html(std::string_view accept) {
    return accept_weight(accept, "text/html") > accept_weight(accept, "application/json");
}

}  // namespace appcore::http
