#include "appcore/store/recorder.hpp"

#include <algorithm>
#include <cassert>
#include <utility>
#include <vector>

#include "appcore/store/counted.hpp"
#include "appcore/store/journal.hpp"
#include "appcore/store/slot_content.hpp"
#include "appcore/store/slot_image.hpp"

namespace appcore::store {
namespace {

Word to_word(system::SteadyTime time) {
    return store::to_word(time.time_since_epoch());
}

void add_duration(Transaction& transaction, Durations& durations, Word duration, Word amount) {
    transaction.add(durations.buckets[bucket_of(duration)], amount);
    transaction.add(durations.sum_ns, amount * duration);
}

}  // namespace

Recorder::Recorder(RecorderOptions options)
    : options_(std::move(options)),
      presence_(options_.state_directory, options_.name, options_.started, options_.pool_size),
      own_(make_slot(options_.pid, options_.started)),
      slot_(own_.get()) {
    own_->worker.pool_size = options_.pool_size;
    if (options_.model_version.empty()) options_.model_version = metric::kOther;
    own_->worker.model = pack_name(options_.model_version);
    Totals none;
    none.model(options_.model_version);
    write_totals(none, *own_);
    model_ = find_model(*own_);
}

log::RingMark Recorder::log_mark() const {
    return {slot_->worker.log_ring, slot_->worker.log_position};
}

void Recorder::use_log_ring(std::uint64_t identity) {
    if (slot_->worker.log_ring == identity) return;
    Transaction transaction{*slot_};
    transaction.set(slot_->worker.log_ring, identity);
    transaction.set(slot_->worker.log_position, 0);
    transaction.commit();
}

// The entry that counts this worker's predictions: that of its model version, a free one, or that
// of all others.
std::size_t Recorder::find_model(const Slot& slot) const {
    constexpr std::size_t kRest = kModelEntries - 1;
    const EntryName name = pack_name(options_.model_version);
    if (name == slot.models[kRest].name) return kRest;
    std::size_t at = 0;
    while (at < kRest && slot.models[at].name != name && slot.models[at].name[0] != 0) ++at;
    return at;
}

void Recorder::count(metric::Event event, Word times) {
    Transaction transaction{*slot_};
    transaction.add(slot_->events[static_cast<std::size_t>(event)], times);
    transaction.commit();
}

void Recorder::set_health(bool is_healthy) {
    const Health health = is_healthy ? Health::healthy : Health::unhealthy;
    shared(slot_->worker.health).store(static_cast<Word>(health), std::memory_order_relaxed);
    presence_.set_health(health);
}

bool Recorder::was_counted(const RequestKey& key) const {
    return already_counted(options_.state_directory, key);
}

void Recorder::begin_request(system::SteadyTime now) {
    shared(slot_->worker.busy_since_ns).store(to_word(now), std::memory_order_relaxed);
}

// The caller's entry, a new one if there is place, or that of all others.
CallerEntry& Recorder::caller_entry(const EntryName& name) {
    for (CallerEntry& entry : slot_->callers) {
        if (entry.name == name) return entry;
        if (entry.name.front() != 0) continue;
        Transaction transaction{*slot_};
        for (std::size_t i = 0; i < name.size(); ++i) transaction.set(entry.name[i], name[i]);
        transaction.commit();
        return entry;
    }
    return slot_->callers.back();
}

// Adds `amount` to what counts such a request; -1 as a Word takes one away. `caller` may be null.
// Inlined, so that the transaction's length stays in a register: behind a reference it would have
// to be in memory for each of the stores, which might be to it.
[[gnu::always_inline]] inline void Recorder::add_request(Transaction& transaction,
                                                         const RequestRecord& request,
                                                         CallerEntry* caller, Word amount) {
    RequestCell& cell = slot_->requests[static_cast<std::size_t>(request.method)]
                                       [static_cast<std::size_t>(request.endpoint)];
    const Word duration = to_word(request.duration);
    transaction.add(cell.replies[http::status_index(request.status)], amount);
    transaction.add(cell.buckets[bucket_of(duration)], amount);
    transaction.add(cell.sum_ns, amount * duration);
    WaitCell& waits = slot_->waits[static_cast<std::size_t>(request.endpoint)];
    if (request.wait) add_duration(transaction, waits.wait, to_word(*request.wait), amount);
    add_duration(transaction, waits.latency, duration + (request.wait ? to_word(*request.wait) : 0),
                 amount);
    if (caller != nullptr) {
        const auto status_class =
            static_cast<std::size_t>(std::clamp(request.status / 100, 2, 5)) - 2;
        transaction.add(caller->replies[status_class], amount);
    }
    if (!request.prediction) return;
    PredictionCell& model = slot_->models[model_].cell;
    const Word model_duration = to_word(request.prediction->duration);
    transaction.add(model.outcomes[static_cast<std::size_t>(request.prediction->outcome)], amount);
    transaction.add(model.buckets[bucket_of(model_duration)], amount);
    transaction.add(model.sum_ns, amount * model_duration);
}

void Recorder::record_request(const RequestRecord& request) {
    CallerEntry* const caller =
        request.caller.front() != 0 ? &caller_entry(request.caller) : nullptr;
    Transaction transaction{*slot_};
    add_request(transaction, request, caller, 1);
    transaction.set(slot_->worker.pending[0], request.key.words[0]);
    transaction.set(slot_->worker.pending[1], request.key.words[1]);
    if (request.log_position != 0) {
        transaction.set(slot_->worker.log_position, request.log_position);
    }
    transaction.commit();
    if (!request.trace.empty()) keep_exemplar(request);
}

// After its counts, so that no bucket shows an exemplar that it has not counted.
void Recorder::keep_exemplar(const RequestRecord& request) {
    Exemplar exemplar{request.trace,    request.time, request.method, request.endpoint,
                      request.duration, request.wait, std::nullopt,   {}};
    if (request.prediction) exemplar.prediction = request.prediction->duration;
    write_exemplar(exemplar_place(*slot_, request.endpoint, exemplar.latency()), exemplar, model_);
}

void Recorder::drop_exemplar(const RequestRecord& request) {
    const std::chrono::nanoseconds wait = request.wait.value_or(std::chrono::nanoseconds{});
    remove_exemplar(exemplar_place(*slot_, request.endpoint, request.duration + wait),
                    request.trace);
}

void Recorder::request_delivered() {
    shared(slot_->worker.pending[0]).store(0, std::memory_order_release);
}

void Recorder::retract_request(const RequestRecord& request) {
    const RequestCell& cell = slot_->requests[static_cast<std::size_t>(request.method)]
                                             [static_cast<std::size_t>(request.endpoint)];
    assert(cell.replies[http::status_index(request.status)] > 0);
    CallerEntry* const caller =
        request.caller.front() != 0 ? &caller_entry(request.caller) : nullptr;
    if (!request.trace.empty()) drop_exemplar(request);
    Transaction transaction{*slot_};
    add_request(transaction, request, caller, static_cast<Word>(-1));
    transaction.set(slot_->worker.pending[0], 0);
    // Its lines lie where the next request's are going to be.
    if (request.log_position != 0) transaction.set(slot_->worker.log_position, 0);
    transaction.commit();
}

void Recorder::end_request(system::SteadyTime now) {
    shared(slot_->worker.last_activity_ns).store(to_word(now), std::memory_order_relaxed);
    shared(slot_->worker.busy_since_ns).store(0, std::memory_order_relaxed);
}

void Recorder::forget_request() {
    shared(slot_->worker.busy_since_ns).store(0, std::memory_order_relaxed);
}

// One word that nobody else writes, so it needs no transaction, which may be under way.
void Recorder::count_timeout() {
    const auto event = static_cast<std::size_t>(metric::Event::request_timeout);
    shared(slot_->events[event]).fetch_add(1, std::memory_order_relaxed);
}

void Recorder::mark_departed() {
    shared(slot_->worker.pid).store(0, std::memory_order_relaxed);
}

}  // namespace appcore::store
