#include "weak/exploration.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weak {
namespace {

// A thread has come to a step that has not been made yet.
struct Reached {};

struct Modification {
    Value value;
    View released;  // what an acquire of it adds to a view
};

struct ThreadState {
    std::vector<Value> taken;  // the results of its steps
    View view;
    View fenced;  // what an acquire fence adds
    Place read_last = 0;
    std::optional<std::size_t> seen_last;  // the modification that it read there
    std::optional<std::size_t> waits;      // for one more than these, at read_last
    std::optional<Results> results;
};

struct State {
    std::vector<std::vector<Modification>> memory;
    View sequential;  // by place: the last sequentially consistent modification
    std::vector<ThreadState> threads;
};

// The thread that is being run.
struct Run {
    std::vector<Value> initial;
    const std::vector<Value>* taken = nullptr;
    std::size_t next = 0;
    Step reached;
};
thread_local Run run;

void join(View& view, const View& other) {
    for (std::size_t i = 0; i < view.size(); ++i) view[i] = std::max(view[i], other[i]);
}

bool is_acquire(std::memory_order order) {
    return order == std::memory_order_acquire || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

bool is_release(std::memory_order order) {
    return order == std::memory_order_release || order == std::memory_order_acq_rel ||
           order == std::memory_order_seq_cst;
}

class Exploration {
  public:
    Exploration(const std::function<std::vector<Thread>()>& make,
                const std::function<void(const Outcome&)>& check)
        : make_(make), check_(check) {}

    std::size_t run_all() {
        run = Run{};
        const std::size_t threads = make_().size();
        State state;
        const View nothing(run.initial.size(), 0);
        for (const Value value : run.initial) state.memory.push_back({{value, nothing}});
        state.sequential = nothing;
        state.threads.resize(threads);
        for (ThreadState& thread : state.threads) thread.view = thread.fenced = nothing;
        writers_.assign(nothing.size(), std::vector<bool>(threads, false));
        early_.assign(nothing.size(), false);
        exchanged_.assign(nothing.size(), false);
        go_on(state);
        for (Place place = 0; place < early_.size(); ++place) {
            if (early_[place] && std::ranges::count(writers_[place], true) > 1) {
                throw std::logic_error("a place with plain stores of two threads");
            }
        }
        return executions_;
    }

  private:
    // The next step of a thread, or nothing if it has come to its end.
    std::optional<Step> next_step(State& state, std::size_t index) {
        ThreadState& thread = state.threads[index];
        run = Run{};
        const std::vector<Thread> threads = make_();
        run.taken = &thread.taken;
        try {
            thread.results = threads[index]();
            return std::nullopt;
        } catch (const Reached&) {
            return std::move(run.reached);
        }
    }

    void go_on(State state) {
        std::vector<std::pair<std::size_t, Step>> able;
        for (std::size_t i = 0; i < state.threads.size(); ++i) {
            ThreadState& thread = state.threads[i];
            if (thread.results) continue;
            if (thread.waits && state.memory[thread.read_last].size() == *thread.waits) continue;
            std::optional<Step> step = next_step(state, i);
            if (!step) continue;
            if (step->kind == Step::Kind::wait &&
                state.memory[step->place].back().value == step->value) {
                continue;
            }
            // A store whose place nobody else writes may come as early as it can: a load may still
            // take what was there before.
            if (step->kind == Step::Kind::store && step->order != std::memory_order_seq_cst &&
                !exchanged_[step->place]) {
                early_[step->place] = true;
                return make_step(state, i, *step);
            }
            able.emplace_back(i, *std::move(step));
        }
        if (able.empty()) return finish(state);
        for (const auto& [i, step] : able) make_step(state, i, step);
    }

    void finish(const State& state) {
        Outcome outcome;
        for (const ThreadState& thread : state.threads) outcome.results.push_back(thread.results);
        for (const auto& modifications : state.memory) {
            outcome.memory.push_back(modifications.back().value);
        }
        ++executions_;
        check_(outcome);
    }

    void make_step(const State& state, std::size_t index, const Step& step) {
        switch (step.kind) {
            case Step::Kind::store:
                return store(state, index, step);
            case Step::Kind::access:
                return access(state, index, step);
            case Step::Kind::pause:
                return pause(state, index);
            case Step::Kind::acquire_fence:
                return fence(state, index);
            case Step::Kind::wait:
                break;
        }
        State next = state;
        next.threads[index].taken.push_back(0);
        go_on(std::move(next));
    }

    void put(State& state, std::size_t index, const Step& step, Value value) {
        ThreadState& thread = state.threads[index];
        auto& modifications = state.memory[step.place];
        writers_[step.place][index] = true;
        const View seen = modifications.back().released;
        thread.view[step.place] = modifications.size();
        View released(thread.view.size(), 0);
        released[step.place] = modifications.size();
        if (is_release(step.order)) released = thread.view;
        // A read-modify-write goes on with the release of what it replaces.
        if (step.kind == Step::Kind::access) {
            exchanged_[step.place] = true;
            join(released, seen);
        }
        modifications.push_back({value, std::move(released)});
        if (step.order == std::memory_order_seq_cst) {
            state.sequential[step.place] = modifications.size() - 1;
        }
    }

    void store(State state, std::size_t index, const Step& step) {
        put(state, index, step, step.value);
        state.threads[index].taken.push_back(0);
        go_on(std::move(state));
    }

    void access(const State& state, std::size_t index, const Step& step) {
        const auto& modifications = state.memory[step.place];
        const std::size_t newest = modifications.size() - 1;
        for (std::size_t i = state.threads[index].view[step.place]; i <= newest; ++i) {
            const std::optional<Value> changed = step.change(modifications[i].value);
            if (changed && i != newest) continue;
            const std::memory_order order = changed ? step.order : step.failure;
            if (order == std::memory_order_seq_cst && i < state.sequential[step.place]) continue;
            State next = state;
            ThreadState& thread = next.threads[index];
            thread.view[step.place] = i;
            join(is_acquire(order) ? thread.view : thread.fenced, modifications[i].released);
            thread.read_last = step.place;
            thread.seen_last = i;
            thread.waits.reset();
            if (changed) put(next, index, step, *changed);
            thread.taken.push_back(modifications[i].value);
            go_on(std::move(next));
        }
    }

    // To read an old value, pause and read again is the same as to read later.
    void pause(State state, std::size_t index) {
        ThreadState& thread = state.threads[index];
        const std::size_t modifications = state.memory[thread.read_last].size();
        if (thread.seen_last && *thread.seen_last + 1 < modifications) return;
        thread.waits = modifications;
        thread.taken.push_back(0);
        go_on(std::move(state));
    }

    void fence(State state, std::size_t index) {
        ThreadState& thread = state.threads[index];
        join(thread.view, thread.fenced);
        thread.taken.push_back(0);
        go_on(std::move(state));
    }

    const std::function<std::vector<Thread>()>& make_;
    const std::function<void(const Outcome&)>& check_;
    std::vector<std::vector<bool>> writers_;  // by place and thread
    std::vector<bool> early_;                 // by place: whether a store came as early as it could
    std::vector<bool> exchanged_;             // by place: whether there was a read-modify-write
    std::size_t executions_ = 0;
};

}  // namespace

Value take(Step step) {
    if (run.next < run.taken->size()) return (*run.taken)[run.next++];
    run.reached = std::move(step);
    throw Reached{};
}

Place make_place(Value initial) {
    run.initial.push_back(initial);
    return run.initial.size() - 1;
}

std::size_t explore(const std::function<std::vector<Thread>()>& make,
                    const std::function<void(const Outcome&)>& check) {
    return Exploration(make, check).run_all();
}

}  // namespace weak
