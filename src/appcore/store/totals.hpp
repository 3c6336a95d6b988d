// Sums of what slots have counted, in this build's labels.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/result.hpp"
#include "appcore/store/caller_totals.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/store/slot_layout.hpp"

namespace appcore::store {

// Cells by number. Only those that somebody has written to take memory and time: few methods of an
// endpoint are ever asked. The others are read as zeros.
template <typename Cell>
class UsedCells {
  public:
    [[nodiscard]] Cell& operator[](std::size_t at) { return cells_[at]; }
    [[nodiscard]] const Cell& operator[](std::size_t at) const {
        static constexpr Cell kUnused{};
        const auto found = cells_.find(at);
        return found == cells_.end() ? kUnused : found->second;
    }
    // Pairs of number and cell, by number.
    [[nodiscard]] auto begin() const { return cells_.begin(); }
    [[nodiscard]] auto end() const { return cells_.end(); }

  private:
    std::map<std::size_t, Cell> cells_;
};

struct ModelTotals {
    std::string version;
    PredictionCell cell{};
};

struct Totals {
    UsedCells<RequestCell> requests;  // by method, then endpoint: see cell()
    UsedCells<WaitCell> waits;        // by endpoint
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
// entries, the first ones have the entries and the others are added up as "other".
void write_totals(const Totals& totals, Slot& slot);

}  // namespace appcore::store
