// Sums of what slots have counted, in this build's labels.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/caller_totals.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

struct ModelTotals {
    std::string version;
    PredictionCell cell{};
};

struct Totals {
    // By method, then endpoint.
    std::vector<RequestCell> requests =
        std::vector<RequestCell>(http::kMethodNames.size() * http::kEndpointCount);
    std::vector<WaitCell> waits = std::vector<WaitCell>(http::kEndpointCount);
    std::vector<ModelTotals> models;  // in the order in which they were first seen
    Callers callers;
    std::array<Word, metric::kEventNames.size()> events{};

    [[nodiscard]] RequestCell& cell(std::size_t method, std::size_t endpoint) {
        return requests[method * http::kEndpointCount + endpoint];
    }
    [[nodiscard]] const RequestCell& cell(std::size_t method, std::size_t endpoint) const {
        return requests[method * http::kEndpointCount + endpoint];
    }
    // The sums of this version, added with zeros if they are not there.
    PredictionCell& model(std::string_view version);
    // Whether nothing has been counted.
    [[nodiscard]] bool empty() const;
    void add(const Totals& more);
    // Raises what is below `floor`, so that no count and no cumulative bucket is: the replies of a
    // cell add up to its buckets as before.
    void raise_to(const Totals& floor);
};

// The slot's sums. Fails if they are impossible: a number that no service reaches, replies or
// outcomes that do not add up to their buckets, a model version that is not text.
[[nodiscard]] Result<Totals> read_totals(const SlotImage& image);

// Writes the sums over those of `slot`. Where there are more model versions or callers than
// entries, the first ones are added up as "other".
void write_totals(const Totals& totals, Slot& slot);

}  // namespace appcore::store
