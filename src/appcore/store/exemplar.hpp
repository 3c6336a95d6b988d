// Requests that stand for the buckets that counted them: what OpenMetrics calls exemplars.
//
// A slot keeps the last request with a sampled trace of each bucket of kFineBounds, by latency
// (waiting and duration), for predictions and for all other requests by themselves. One such
// request gives an exemplar to all histograms that it is in.
//
// Records lie outside the journal: each carries a check sum of itself, so that a reader who meets
// one in the middle of being written, by a worker that may have been killed there, sees that and
// leaves it out.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/http/endpoint.hpp"
#include "appcore/http/method.hpp"
#include "appcore/store/slot_image.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::store {

// The 128 bits of a trace's id; none are all zeros (W3C Trace Context).
struct TraceId {
    std::array<Word, 2> words{};

    [[nodiscard]] bool empty() const { return words[0] == 0 && words[1] == 0; }
    // 32 lower-case hexadecimal digits.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const TraceId&, const TraceId&) = default;
};

// From 32 lower-case hexadecimal digits, which are not looked at.
[[nodiscard]] TraceId trace_id_of(std::string_view digits);

struct Exemplar {
    TraceId trace;
    system::WallTime time;  // when it was counted
    http::Method method = http::Method::other;
    http::Endpoint endpoint = http::Endpoint::other;
    std::chrono::nanoseconds duration{};
    std::optional<std::chrono::nanoseconds> wait;
    std::optional<std::chrono::nanoseconds> prediction;
    std::string model_version;  // if there is a prediction

    [[nodiscard]] std::chrono::nanoseconds latency() const {
        return duration + wait.value_or(std::chrono::nanoseconds{});
    }
};

// Where an exemplar with this latency belongs.
[[nodiscard]] ExemplarWords& exemplar_place(Slot& slot, http::Endpoint endpoint,
                                            std::chrono::nanoseconds latency);

// Replaces the record. `model` is the index in the slot's models; `model_version` is not looked at.
// Allocates nothing; its holder only.
void write_exemplar(ExemplarWords& place, const Exemplar& exemplar, std::size_t model);

// Empties the record if it is of this trace.
void remove_exemplar(ExemplarWords& place, const TraceId& trace);

// The whole records of a slot of any layout, in this build's labels.
[[nodiscard]] std::vector<Exemplar> read_exemplars(const SlotImage& image);

}  // namespace appcore::store
