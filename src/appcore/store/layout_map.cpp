#include "appcore/store/layout_map.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

// Reads one section after the other. Each function is false if what it reads is not valid.
class Parser {
  public:
    Parser(std::string_view description, std::size_t words)
        : lines_(split_lines(description)), words_(words) {}

    bool end() {
        map_.end = line("end").first;
        return map_.end <= words_;
    }

    bool labels() {
        map_.methods = map_labels(line("methods").names, http::kMethodNames);
        map_.endpoints = map_labels(line("endpoints").names, http::kEndpointPaths);
        map_.statuses = map_statuses(line("statuses").names);
        map_.outcomes = map_labels(line("outcomes").names, metric::kOutcomeNames);
        map_.request_buckets = map_buckets(line("request_bounds_ns").names, kSlotBounds);
        map_.prediction_buckets = map_buckets(line("prediction_bounds_ns").names, kSlotBounds);
        return !map_.methods.empty() && !map_.endpoints.empty() && !map_.statuses.empty() &&
               !map_.outcomes.empty() && !map_.request_buckets.empty() &&
               !map_.prediction_buckets.empty();
    }

    bool worker() {
        const Line worker = line("worker");
        map_.worker = map_fields(worker, kWorkerFields);
        return fits(worker.first, worker.names.size(), 1, map_.end);
    }

    bool events() {
        const Line events = line("events");
        map_.events = map_fields(events, metric::kEventNames);
        return fits(events.first, events.names.size(), 1, map_.end);
    }

    bool keys() {
        const Line keys = line("keys");
        map_.keys = keys.first;
        map_.key_count = keys.second;
        return fits(keys.first, keys.second, 2, map_.end);
    }

    bool requests() {
        const Line requests = line("requests");
        map_.requests = {requests.first, requests.second};
        const std::size_t cell = 1 + map_.request_buckets.size() + map_.statuses.size();
        const std::size_t cells = map_.methods.size() * map_.endpoints.size();
        return requests.second >= cell && fits(requests.first, cells, requests.second, map_.end);
    }

    bool waits() {
        const Line waits = line("waits");
        map_.waits = {waits.first, waits.second};
        if (waits.first == LayoutMap::kAbsent) return true;
        return waits.second >= 2 * (1 + map_.request_buckets.size()) &&
               fits(waits.first, map_.endpoints.size(), waits.second, map_.end);
    }

    bool callers() {
        const Line callers = line("callers");
        map_.status_classes = map_labels(callers.names, metric::kStatusClassNames);
        map_.callers = {callers.first, kNameWords + callers.names.size()};
        map_.caller_count = callers.second;
        if (callers.first == LayoutMap::kAbsent) return true;
        return fits(callers.first, callers.second, map_.callers.stride, map_.end);
    }

    bool exemplars() {
        const Line exemplars = line("exemplars");
        if (exemplars.first == LayoutMap::kAbsent) return true;
        map_.exemplars = exemplars.first;
        map_.exemplar_count = exemplars.second;
        return fits(exemplars.first, exemplars.second, kExemplarWords, map_.end);
    }

    bool models() {
        const Line models = line("models");
        map_.models = {models.first, models.second};
        const std::size_t entry =
            kNameWords + 1 + map_.prediction_buckets.size() + map_.outcomes.size();
        if (models.second < entry || !fits(models.first, 1, models.second, map_.end)) return false;
        map_.model_count = (map_.end - models.first) / models.second;
        return true;
    }

    LayoutMap take() { return std::move(map_); }

  private:
    [[nodiscard]] Line line(std::string_view keyword) const { return find_line(lines_, keyword); }

    std::vector<Line> lines_;
    std::size_t words_;
    LayoutMap map_;
};

struct Section {
    const char* name;  // as a failure has it
    bool (Parser::*read)();
};

// In this order: later ones lie before the end, and have cells as large as the labels say.
constexpr std::array<Section, 10> kSections = {{{"end", &Parser::end},
                                                {"labels", &Parser::labels},
                                                {"worker", &Parser::worker},
                                                {"events", &Parser::events},
                                                {"keys", &Parser::keys},
                                                {"requests", &Parser::requests},
                                                {"waits", &Parser::waits},
                                                {"callers", &Parser::callers},
                                                {"exemplars", &Parser::exemplars},
                                                {"models", &Parser::models}}};

}  // namespace

Result<LayoutMap> parse_layout(std::string_view description, std::size_t words) {
    Parser parser(description, words);
    for (const Section& section : kSections) {
        if (!(parser.*section.read)()) {
            return Error{std::string("no valid ") + section.name};
        }
    }
    return parser.take();
}

}  // namespace appcore::store
