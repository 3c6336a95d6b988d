// What the words of a slot mean, for slots of this build and of others: where each section lies,
// and which of this build's labels each of the slot's labels is.
#pragma once

#include <array>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/slot_description.hpp"

namespace appcore::store {

struct LayoutMap {
    static constexpr std::size_t kAbsent = std::numeric_limits<std::size_t>::max();

    struct Section {
        std::size_t offset = 0;
        std::size_t stride = 0;
    };

    // By index in the slot: this build's index. A label unknown here maps to "other". A bucket maps
    // to the smallest bucket here that is sure to contain it.
    std::vector<std::size_t> methods;
    std::vector<std::size_t> endpoints;
    std::vector<std::size_t> statuses;
    std::vector<std::size_t> request_buckets;
    std::vector<std::size_t> prediction_buckets;
    std::vector<std::size_t> outcomes;
    std::vector<std::size_t> status_classes;

    // By this build's index: the word in the slot, or `absent`.
    std::array<std::size_t, kWorkerFields.size()> worker{};
    std::array<std::size_t, metric::kEventNames.size()> events{};

    Section requests;
    Section waits;    // its offset is `absent` in layouts from before there were any
    Section callers;  // likewise
    std::size_t caller_count = 0;
    Section models;
    std::size_t model_count = 0;
    std::size_t keys = 0;  // the first key's word
    std::size_t key_count = 0;
    std::size_t exemplars = 0;       // the first one's word
    std::size_t exemplar_count = 0;  // 0 in layouts from before there were any
    std::size_t end = 0;             // the first word after the last section
};

// Reads a slot's description. Fails unless all sections lie between the journal and `end`, and
// `end` is at most `words`.
[[nodiscard]] Result<LayoutMap> parse_layout(std::string_view description, std::size_t words);

}  // namespace appcore::store
