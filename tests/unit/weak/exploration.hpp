// Every execution that the C++ memory model allows of a few threads that share a few words: a small
// model checker for code that takes its atomics from a template parameter.
//
// Memory is what each word has held, in the order of its modifications. A thread has a view: of
// each word the oldest value that it may still read. A load takes any value from there on; an
// acquire adds to the view what the value's release had in view; a read-modify-write takes the
// newest value. So a store that may overtake another one does so in some execution, whatever the
// processor is on which the test runs. (The model is the one of "A promising semantics for
// relaxed-memory concurrency", Kang et al. 2017, without promises: no load takes what a later store
// of its own thread brings about, which no processor does with the dependencies that we have.)
//
// A thread is a function. It is run from its beginning for each of its steps, with the values that
// it has read so far, so it has to do the same each time: no clock, no state outside.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace weak {

using Value = std::uint64_t;
using Place = std::size_t;              // a shared word, by the order in which they were made
using View = std::vector<std::size_t>;  // by place: the oldest modification that may be read

// What a thread does next. `change` gives what a read-modify-write puts in the place of a value,
// nothing if it leaves it alone; a load leaves all of them alone.
struct Step {
    enum class Kind : unsigned char { access, store, wait, pause, acquire_fence };
    Kind kind = Kind::access;
    Place place = 0;
    Value value = 0;  // stored, or waited to be gone
    std::memory_order order = std::memory_order_seq_cst;
    std::memory_order failure = std::memory_order_seq_cst;  // of an access that changes nothing
    std::function<std::optional<Value>(Value)> change;
};

// Within a thread: makes the step, or gives its result where it has been made already.
Value take(Step step);
// Before the threads begin: a word that they share.
Place make_place(Value initial);

using Results = std::vector<Value>;  // what a thread returns
using Thread = std::function<Results()>;
struct Outcome {
    std::vector<std::optional<Results>> results;  // by thread; nothing if it waits for ever
    std::vector<Value> memory;                    // by place, at the end
};

// Runs all executions of the threads that `make` gives, whose places it makes first, and `check`
// with the outcome of each. Returns their number.
std::size_t explore(const std::function<std::vector<Thread>()>& make,
                    const std::function<void(const Outcome&)>& check);

// As std::atomic_ref, of a place.
template <typename T>
class Ref {
  public:
    explicit Ref(Place place) : place_(place) {}

    T load(std::memory_order order = std::memory_order_seq_cst) const {
        return update(order, order, [](Value) { return std::nullopt; });
    }
    void store(T value, std::memory_order order = std::memory_order_seq_cst) const {
        Step step;
        step.kind = Step::Kind::store;
        step.place = place_;
        step.value = static_cast<Value>(value);
        step.order = order;
        take(step);
    }
    T fetch_add(T amount, std::memory_order order = std::memory_order_seq_cst) const {
        return update(order, order,
                      [amount](Value value) { return value + static_cast<Value>(amount); });
    }
    bool compare_exchange_strong(T& expected, T desired,
                                 std::memory_order order = std::memory_order_seq_cst) const {
        const auto wanted = static_cast<Value>(expected);
        const auto failure = order == std::memory_order_acq_rel ? std::memory_order_acquire : order;
        const T found = update(order, failure, [wanted, desired](Value value) {
            return value == wanted ? std::optional(static_cast<Value>(desired)) : std::nullopt;
        });
        const bool is_done = found == expected;
        expected = found;
        return is_done;
    }
    void wait(T old) const {
        Step step;
        step.kind = Step::Kind::wait;
        step.place = place_;
        step.value = static_cast<Value>(old);
        take(step);
    }
    void notify_one() const {}

  private:
    template <typename Change>
    T update(std::memory_order order, std::memory_order failure, Change change) const {
        Step step;
        step.place = place_;
        step.order = order;
        step.failure = failure;
        step.change = change;
        return static_cast<T>(take(step));
    }

    Place place_;
};

// As std::atomic.
template <typename T>
class Atomic : public Ref<T> {
  public:
    explicit Atomic(T initial) : Ref<T>(make_place(static_cast<Value>(initial))) {}
};

// Waits until somebody changes the word that was read last.
inline void pause() {
    Step step;
    step.kind = Step::Kind::pause;
    take(step);
}

inline void acquire_fence() {
    Step step;
    step.kind = Step::Kind::acquire_fence;
    take(step);
}

}  // namespace weak
