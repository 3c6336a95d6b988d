#include "appcore/store/layout_map.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <span>
#include <string>

namespace appcore::store {
namespace {

using Names = std::vector<std::string_view>;

struct Line {
    std::string_view keyword;
    std::size_t first = 0;
    std::size_t second = 0;
    Names names;
};

// Cuts `text` at its first `separator` and returns what stood before it.
std::string_view take(std::string_view& text, char separator) {
    const std::size_t at = std::min(text.find(separator), text.size());
    const std::string_view head = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return head;
}

std::optional<Word> to_number(std::string_view text) {
    Word value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end) return std::nullopt;
    return value;
}

std::vector<Line> split_lines(std::string_view description) {
    std::vector<Line> lines;
    while (!description.empty()) {
        std::string_view text = take(description, '\n');
        Line line;
        line.keyword = take(text, ' ');
        line.first = to_number(take(text, ' ')).value_or(LayoutMap::kAbsent);
        line.second = to_number(take(text, ' ')).value_or(LayoutMap::kAbsent);
        while (!text.empty()) line.names.push_back(take(text, ' '));
        lines.push_back(std::move(line));
    }
    return lines;
}

// The line with this keyword; an empty one, which no check passes, where there is none.
Line find_line(const std::vector<Line>& lines, std::string_view keyword) {
    const auto found = std::ranges::find(lines, keyword, &Line::keyword);
    return found == lines.end() ? Line{{}, LayoutMap::kAbsent, LayoutMap::kAbsent, {}} : *found;
}

std::vector<std::size_t> map_labels(const Names& theirs, std::span<const std::string_view> ours) {
    std::vector<std::size_t> map;
    for (const std::string_view name : theirs) {
        const auto found = std::ranges::find(ours, name);
        map.push_back(std::min(static_cast<std::size_t>(found - ours.begin()), ours.size() - 1));
    }
    return map;
}

std::vector<std::size_t> map_statuses(const Names& theirs) {
    std::vector<std::size_t> map;
    for (const std::string_view name : theirs) {
        const std::optional<Word> code = to_number(name);
        const bool plausible = code && *code < 1000;  // three digits, RFC 9110
        map.push_back(plausible ? http::status_index(static_cast<int>(*code)) : kStatusLabels - 1);
    }
    return map;
}

// Empty if the bounds are not increasing numbers.
std::vector<std::size_t> map_buckets(const Names& theirs, std::span<const Word> ours) {
    std::vector<std::size_t> map;
    Word last = 0;
    for (const std::string_view name : theirs) {
        const std::optional<Word> bound = to_number(name);
        if (!bound || *bound <= last) return {};
        last = *bound;
        map.push_back(
            static_cast<std::size_t>(std::ranges::lower_bound(ours, last) - ours.begin()));
    }
    map.push_back(ours.size());
    return map;
}

template <std::size_t kCount>
std::array<std::size_t, kCount> map_fields(const Line& line,
                                           const std::array<std::string_view, kCount>& ours) {
    std::array<std::size_t, kCount> map{};
    for (std::size_t i = 0; i < kCount; ++i) {
        const auto found = std::ranges::find(line.names, ours[i]);
        map[i] = found == line.names.end()
                     ? LayoutMap::kAbsent
                     : line.first + static_cast<std::size_t>(found - line.names.begin());
    }
    return map;
}

// Whether `count` times `stride` words from `offset` on lie between the journal and `end`.
bool fits(std::size_t offset, std::size_t count, std::size_t stride, std::size_t end) {
    if (offset < kHeaderWords + kJournalWords || offset > end) return false;
    return stride > 0 && count <= (end - offset) / stride;
}

}  // namespace

Result<LayoutMap> parse_layout(std::string_view description, std::size_t words) {
    const std::vector<Line> lines = split_lines(description);
    const auto line = [&lines](std::string_view keyword) { return find_line(lines, keyword); };
    const auto broken = [](const char* what) { return Error{std::string("no valid ") + what}; };
    LayoutMap map;

    map.end = line("end").first;
    if (map.end > words) return broken("end");

    const Names outcomes = line("outcomes").names;
    map.methods = map_labels(line("methods").names, http::kMethodNames);
    map.endpoints = map_labels(line("endpoints").names, http::kEndpointPaths);
    map.statuses = map_statuses(line("statuses").names);
    map.outcomes = map_labels(outcomes, metric::kOutcomeNames);
    map.request_buckets = map_buckets(line("request_bounds_ns").names, kSlotBounds);
    map.prediction_buckets = map_buckets(line("prediction_bounds_ns").names, kSlotBounds);
    if (map.methods.empty() || map.endpoints.empty() || map.statuses.empty() ||
        map.outcomes.empty() || map.request_buckets.empty() || map.prediction_buckets.empty()) {
        return broken("labels");
    }

    const Line worker = line("worker");
    const Line events = line("events");
    if (!fits(worker.first, worker.names.size(), 1, map.end)) return broken("worker");
    if (!fits(events.first, events.names.size(), 1, map.end)) return broken("events");
    map.worker = map_fields(worker, kWorkerFields);
    map.events = map_fields(events, metric::kEventNames);

    const Line keys = line("keys");
    if (!fits(keys.first, keys.second, 2, map.end)) return broken("keys");
    map.keys = keys.first;
    map.key_count = keys.second;

    const Line requests = line("requests");
    map.requests = {requests.first, requests.second};
    const std::size_t request_cell = 1 + map.request_buckets.size() + map.statuses.size();
    const std::size_t cells = map.methods.size() * map.endpoints.size();
    if (requests.second < request_cell || !fits(requests.first, cells, requests.second, map.end)) {
        return broken("requests");
    }

    const Line waits = line("waits");
    map.waits = {waits.first, waits.second};
    if (waits.first != LayoutMap::kAbsent &&
        (waits.second < 2 * (1 + map.request_buckets.size()) ||
         !fits(waits.first, map.endpoints.size(), waits.second, map.end))) {
        return broken("waits");
    }

    const Line callers = line("callers");
    map.status_classes = map_labels(callers.names, metric::kStatusClassNames);
    map.callers = {callers.first, kNameWords + callers.names.size()};
    map.caller_count = callers.second;
    if (callers.first != LayoutMap::kAbsent &&
        !fits(callers.first, callers.second, map.callers.stride, map.end)) {
        return broken("callers");
    }
    const Line exemplars = line("exemplars");
    if (exemplars.first != LayoutMap::kAbsent) {
        if (!fits(exemplars.first, exemplars.second, kExemplarWords, map.end)) {
            return broken("exemplars");
        }
        map.exemplars = exemplars.first;
        map.exemplar_count = exemplars.second;
    }

    const Line models = line("models");
    map.models = {models.first, models.second};
    const std::size_t model_entry =
        kNameWords + 1 + map.prediction_buckets.size() + map.outcomes.size();
    if (models.second < model_entry || !fits(models.first, 1, models.second, map.end)) {
        return broken("models");
    }
    map.model_count = (map.end - models.first) / models.second;
    return map;
}

}  // namespace appcore::store
