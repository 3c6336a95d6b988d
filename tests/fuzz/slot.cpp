// Slot files, as the collector and the next holder read them. Input: a byte; if it is odd, the rest
// is a whole file. Otherwise the rest is the layout's description up to a NUL, then the words
// behind the header, so that neither magic numbers nor hashes stop the fuzzer at the door.

#include <algorithm>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "appcore/store/journal.hpp"
#include "appcore/store/slot_content.hpp"
#include "appcore/store/slot_description.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/store/totals.hpp"
#include "fuzz.hpp"

using namespace appcore::store;

namespace {

std::vector<Word> whole_file(std::string_view bytes) {
    std::vector<Word> words(bytes.size() / sizeof(Word));
    if (!words.empty()) std::memcpy(words.data(), bytes.data(), words.size() * sizeof(Word));
    return words;
}

std::vector<Word> with_header(std::string_view description, std::string_view bytes) {
    const std::vector<Word> content = whole_file(bytes);
    const std::size_t description_word =
        std::max(kHeaderWords + content.size(), kHeaderWords + kJournalWords);
    std::vector<Word> words(description_word + (description.size() + 7) / sizeof(Word));
    const SlotHeader header{kSlotMagic,   kSlotFormat,      layout_hash(description),
                            words.size(), description_word, description.size(),
                            {11, 22}};
    std::memcpy(words.data(), &header, sizeof header);
    std::copy(content.begin(), content.end(), words.begin() + kHeaderWords);
    if (!description.empty()) {
        std::memcpy(&words[description_word], description.data(), description.size());
    }
    return words;
}

template <typename Words>
Word sum_of(const Words& words) {
    return std::accumulate(words.begin(), words.end(), Word{0});
}

void check_sums(const Totals& totals) {
    for (const auto& [place, cell] : totals.requests) {
        fuzz::ensure(sum_of(cell.buckets) == sum_of(cell.replies), "replies add up to buckets");
    }
    for (const ModelTotals& model : totals.models) {
        fuzz::ensure(sum_of(model.cell.buckets) == sum_of(model.cell.outcomes),
                     "outcomes add up to buckets");
    }
}

PredictionCell all_models(const Totals& totals) {
    PredictionCell all{};
    for (const ModelTotals& model : totals.models) {
        all.sum_ns += model.cell.sum_ns;
        for (std::size_t i = 0; i < all.buckets.size(); ++i) {
            all.buckets[i] += model.cell.buckets[i];
        }
    }
    return all;
}

// Moves the counts into a slot of this build, as a new holder does, and reads them there.
void check_migration(const SlotImage& found, const Totals& totals) {
    static const std::unique_ptr<Slot> kSlot = std::make_unique<Slot>();
    static const std::unique_ptr<Slot> kFresh = make_slot(1, {});
    *kSlot = *kFresh;
    write_totals(totals, *kSlot);
    inherit(found, *kSlot);
    const Word* const words = words_of(*kSlot);
    const auto image = decode_slot({words, words + kSlotWords});
    fuzz::ensure(image.ok(), "the successor is a slot");
    const auto again = read_totals(image.value());
    fuzz::ensure(again.ok(), "the successor's numbers are possible");
    const auto same = [](const auto& one, const auto& other) {
        return one.first == other.first &&
               std::memcmp(&one.second, &other.second, sizeof one.second) == 0;
    };
    const auto same_waits = [](const auto& one, const auto& other) {
        const auto& [wait, latency] = one.second;
        return one.first == other.first &&
               std::memcmp(&wait, &other.second.wait, sizeof wait + sizeof latency) == 0;
    };
    fuzz::ensure(std::ranges::equal(totals.requests, again.value().requests, same),
                 "no request is lost");
    fuzz::ensure(std::ranges::equal(totals.waits, again.value().waits, same_waits),
                 "no waiting is lost");
    const PredictionCell before = all_models(totals);
    const PredictionCell after = all_models(again.value());
    fuzz::ensure(before.sum_ns == after.sum_ns && before.buckets == after.buckets,
                 "no prediction is lost");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::Input input(data, size);
    std::vector<Word> words;
    if (input.byte() % 2 != 0) {
        words = whole_file(input.rest());
    } else {
        const std::string_view description = input.text();
        words = with_header(description, input.rest());
    }
    const auto image = decode_slot(std::move(words));
    if (!image) {
        fuzz::ensure(!image.error().message.empty(), "a refusal has a reason");
        return 0;
    }
    for (std::size_t i = 0; i < kWorkerFields.size(); ++i) {
        static_cast<void>(image.value().worker(i));
    }
    const auto totals = read_totals(image.value());
    if (!totals) return 0;
    check_sums(totals.value());
    check_migration(image.value(), totals.value());
    return 0;
}
