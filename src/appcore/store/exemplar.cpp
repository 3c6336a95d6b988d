#include "appcore/store/exemplar.hpp"

#include <algorithm>
#include <charconv>
#include <span>

#include "appcore/store/journal.hpp"
#include "appcore/store/totals.hpp"

namespace appcore::store {
namespace {

constexpr std::size_t kDigitsPerWord = 16;
constexpr Word kLongest = Word{1} << 62U;  // 146 years in nanoseconds

// What the word `labels` is made of, eight bits each.
constexpr unsigned kEndpointShift = 8;
constexpr unsigned kModelShift = 16;
constexpr unsigned kKnownShift = 24;
constexpr Word kByte = 0xff;
constexpr Word kHasWait = 1;
constexpr Word kHasPrediction = 2;

using Words = std::array<Word, sizeof(ExemplarWords) / sizeof(Word)>;

// Of all words but the first, which holds it. Not that of zeros is zero.
constexpr Word check_of(std::span<const Word> words) {
    Word sum = 0x9e3779b97f4a7c15;
    for (const Word word : words.subspan(1)) {
        sum = (sum ^ word) * 0x9fb21c651e98df25;
        sum ^= sum >> 32U;
    }
    return sum;
}
static_assert(check_of(Words{}) != 0, "an empty record is not whole");

void store_words(ExemplarWords& place, const ExemplarWords& words) {
    const auto* const from = reinterpret_cast<const Word*>(&words);  // NOLINT: it consists of words
    auto* const to = reinterpret_cast<Word*>(&place);                // NOLINT: the same
    for (std::size_t i = 0; i < Words{}.size(); ++i) {
        shared(to[i]).store(from[i], std::memory_order_release);
    }
}

// One record; nothing if it is not whole, or makes no sense.
std::optional<Exemplar> decode(std::span<const Word> words, const SlotImage& image) {
    if (words[0] == 0 || words[0] != check_of(words)) return std::nullopt;
    ExemplarWords record{};
    std::copy(words.begin(), words.end(), reinterpret_cast<Word*>(&record));  // NOLINT: words
    const LayoutMap& map = *image.layout;
    const std::size_t method = record.labels & kByte;
    const std::size_t endpoint = record.labels >> kEndpointShift & kByte;
    const std::size_t model = record.labels >> kModelShift & kByte;
    const Word known = record.labels >> kKnownShift;
    const bool is_possible = method < map.methods.size() && endpoint < map.endpoints.size() &&
                             model < map.model_count && record.duration_ns <= kLongest &&
                             record.wait_ns <= kLongest && record.prediction_ns <= kLongest &&
                             record.time_us <= kMaxCount;
    if (!is_possible) return std::nullopt;
    Exemplar exemplar;
    exemplar.trace = {record.trace_id};
    exemplar.time = system::WallTime{std::chrono::microseconds{record.time_us}};
    exemplar.method = static_cast<http::Method>(map.methods[method]);
    exemplar.endpoint = static_cast<http::Endpoint>(map.endpoints[endpoint]);
    exemplar.duration = std::chrono::nanoseconds{record.duration_ns};
    if ((known & kHasWait) != 0) exemplar.wait.emplace(record.wait_ns);
    if ((known & kHasPrediction) != 0) {
        exemplar.prediction.emplace(record.prediction_ns);
        exemplar.model_version =
            unpack_name(std::span(image.words)
                            .subspan(map.models.offset + model * map.models.stride)
                            .first<kNameWords>());
    }
    return exemplar;
}

}  // namespace

std::string TraceId::text() const {
    std::string digits;
    for (const Word word : words) {
        std::array<char, kDigitsPerWord> text{};
        const char* const end = std::to_chars(text.begin(), text.end(), word, 16).ptr;
        const auto size = static_cast<std::size_t>(end - text.begin());
        digits.append(kDigitsPerWord - size, '0').append(text.data(), size);
    }
    return digits;
}

TraceId trace_id_of(std::string_view digits) {
    TraceId id;
    for (Word& word : id.words) {
        std::from_chars(digits.data(), digits.data() + kDigitsPerWord, word, 16);
        digits.remove_prefix(kDigitsPerWord);
    }
    return id;
}

ExemplarWords& exemplar_place(Slot& slot, http::Endpoint endpoint,
                              std::chrono::nanoseconds latency) {
    const auto bucket = std::ranges::lower_bound(kFineBounds, to_word(latency));
    return slot.exemplars[endpoint == http::Endpoint::predict ? 0 : 1]
                         [static_cast<std::size_t>(bucket - kFineBounds.begin())];
}

void write_exemplar(ExemplarWords& place, const Exemplar& exemplar, std::size_t model) {
    const Word known = (exemplar.wait ? kHasWait : 0) | (exemplar.prediction ? kHasPrediction : 0);
    ExemplarWords record{};
    record.trace_id = exemplar.trace.words;
    record.time_us = static_cast<Word>(exemplar.time.time_since_epoch().count());
    record.labels = static_cast<Word>(exemplar.method) |
                    static_cast<Word>(exemplar.endpoint) << kEndpointShift |
                    static_cast<Word>(model) << kModelShift | known << kKnownShift;
    record.duration_ns = to_word(exemplar.duration);
    if (exemplar.wait) record.wait_ns = to_word(*exemplar.wait);
    if (exemplar.prediction) record.prediction_ns = to_word(*exemplar.prediction);
    record.check =
        check_of(std::span(reinterpret_cast<const Word*>(&record), Words{}.size()));  // NOLINT
    store_words(place, record);
}

void remove_exemplar(ExemplarWords& place, const TraceId& trace) {
    if (place.trace_id == trace.words) shared(place.check).store(0, std::memory_order_relaxed);
}

std::vector<Exemplar> read_exemplars(const SlotImage& image) {
    const LayoutMap& map = *image.layout;
    constexpr std::size_t kSize = Words{}.size();
    std::vector<Exemplar> all;
    for (std::size_t i = 0; i < map.exemplar_count; ++i) {
        const auto words = std::span(image.words).subspan(map.exemplars + i * kSize, kSize);
        if (auto exemplar = decode(words, image)) all.push_back(*std::move(exemplar));
    }
    return all;
}

}  // namespace appcore::store
