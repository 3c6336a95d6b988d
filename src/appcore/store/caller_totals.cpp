#include "appcore/store/caller_totals.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <span>

namespace appcore::store {
namespace {

using Replies = std::array<Word, metric::kStatusClassNames.size()>;

void add_replies(Replies& sums, const Replies& more) {
    std::ranges::transform(sums, more, sums.begin(), std::plus<>{});
}

}  // namespace

CallerTotals& caller(Callers& callers, std::string_view name) {
    const auto found = std::ranges::find(callers, name, &CallerTotals::name);
    return found != callers.end() ? *found : callers.emplace_back(CallerTotals{std::string(name)});
}

bool add_callers(const SlotImage& image, Callers& sums) {
    const LayoutMap& map = *image.layout;
    if (map.callers.offset == LayoutMap::kAbsent) return true;
    const std::span<const Word> words{image.words};
    for (std::size_t i = 0; i < map.caller_count; ++i) {
        const auto entry =
            words.subspan(map.callers.offset + i * map.callers.stride, map.callers.stride);
        const auto counts = entry.subspan(kNameWords);
        if (std::ranges::all_of(counts, [](Word count) { return count == 0; })) continue;
        const std::string name = unpack_name(entry.first<kNameWords>());
        if (name.empty() || !std::ranges::equal(pack_name(name), entry.first<kNameWords>())) {
            return false;
        }
        Replies& replies = caller(sums, name).replies;
        for (std::size_t j = 0; j < counts.size(); ++j) {
            Word& sum = replies.at(map.status_classes[j]);
            if (counts[j] > kMaxCount - sum) return false;
            sum += counts[j];
        }
    }
    return true;
}

void add_callers(const Callers& more, Callers& sums) {
    for (const CallerTotals& theirs : more) {
        add_replies(caller(sums, theirs.name).replies, theirs.replies);
    }
}

void raise_callers(const Callers& floor, Callers& sums) {
    for (const CallerTotals& least : floor) {
        Replies& replies = caller(sums, least.name).replies;
        std::ranges::transform(replies, least.replies, replies.begin(),
                               [](Word now, Word then) { return std::max(now, then); });
    }
}

void write_callers(const Callers& callers, Slot& slot) {
    std::ranges::fill(slot.callers, CallerEntry{});
    CallerEntry& rest = slot.callers.back();
    rest.name = pack_name(metric::kOther);
    auto next = slot.callers.begin();
    for (const CallerTotals& from : callers) {
        const bool has_entry = from.name != metric::kOther && &*next != &rest;
        CallerEntry& entry = has_entry ? *next++ : rest;
        if (has_entry) entry.name = pack_name(from.name);
        add_replies(entry.replies, from.replies);
    }
}

}  // namespace appcore::store
