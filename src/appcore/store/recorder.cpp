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

Word to_word(std::chrono::nanoseconds time) {
    return static_cast<Word>(std::max<std::chrono::nanoseconds::rep>(time.count(), 0));
}

Word to_word(system::SteadyTime time) {
    return to_word(std::chrono::nanoseconds{time.time_since_epoch()});
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
    Totals none;
    none.model(options_.model_version);
    write_totals(none, *own_);
    model_ = find_model(*own_);
}

std::optional<Error> Recorder::maintain(system::SteadyTime now) {
    if (last_maintained_ && now - *last_maintained_ < kMaintenanceInterval) return std::nullopt;
    last_maintained_ = now;
    Status status = attach();
    return status ? std::nullopt : std::optional{status.error()};
}

Status Recorder::attach() {
    if (is_attached()) {
        if (!is_slot_gone(options_.state_directory, options_.name, mapped_.inode())) return Done{};
        detach();
    }
    const auto attempt = [this]() -> Status {
        if (!is_slot_name(options_.name)) return Error{"no name for a slot: " + options_.name};
        Result<system::FileDescriptor> directory = open_state_directory(options_.state_directory);
        if (!directory) return directory.error();
        // The slot may have been removed without its lock.
        if (!lock_ || !is_lock_of(*lock_, directory.value().get(), options_.name)) {
            lock_.reset();
            Result<system::FileDescriptor> lock = lock_slot(directory.value().get(), options_.name);
            if (!lock) return lock.error();
            lock_ = std::make_shared<const system::FileDescriptor>(std::move(lock).value());
        }
        return take_slot(directory.value().get());
    };
    Status status = attempt();
    if (!status) count(metric::Event::attach_failed);
    return status;
}

Status Recorder::take_slot(int directory) {
    SlotReading found = read_slot(directory, slot_file(options_.name));
    Totals totals;
    if (found.state == SlotState::intact) {
        Result<Totals> counted = read_totals(found.image);
        if (counted) {
            totals = std::move(counted).value();
        } else {
            found.state = SlotState::damaged;
        }
    }
    if (found.state == SlotState::unreadable) return Error{found.reason};
    if (found.state == SlotState::damaged) {
        if (Status aside = set_slot_aside(directory, options_.name); !aside) return aside;
        count(metric::Event::damaged_set_aside);
    }
    const Totals own = own_totals();
    if (found.state == SlotState::intact && found.image.has_current_layout() && own.empty()) {
        const auto is_own = [this](const ModelTotals& m) {
            return std::ranges::equal(pack_name(m.version), own_->models[model_].name);
        };
        const bool is_known = std::ranges::any_of(totals.models, is_own);
        if (is_known || totals.models.size() < kModelEntries) return resume(directory);
    }
    totals.add(own);
    return move_to_new_file(directory, found, totals);
}

// Goes on in the file as it is.
Status Recorder::resume(int directory) {
    Result<MappedSlot> mapped = map_slot(directory, options_.name);
    if (!mapped) return mapped.error();
    Slot& slot = *mapped.value().get();
    replay_journal(slot);

    if (slot.worker.pending[0] != 0) {
        // Each holder leaves one at most, so this overwrites the oldest.
        system::Digest& orphan = slot.keys[slot.worker.starts % kOrphanedKeys];
        Transaction orphaned{slot};
        orphaned.set(orphan[0], slot.worker.pending[0]);
        orphaned.set(orphan[1], slot.worker.pending[1]);
        orphaned.set(slot.worker.pending[0], 0);
        orphaned.commit();
    }
    const EntryName& name = own_->models[model_].name;
    std::size_t entry = find_model(slot);
    Transaction start{slot};
    if (entry == kModelEntries) {
        entry = static_cast<std::size_t>(
            std::ranges::find(slot.models, Word{0}, [](const ModelEntry& m) { return m.name[0]; }) -
            slot.models.begin());
        for (std::size_t i = 0; i < name.size(); ++i)
            start.set(slot.models[entry].name[i], name[i]);
    }
    start.set(slot.worker.pid, own_->worker.pid);
    start.set(slot.worker.started_us, own_->worker.started_us);
    start.set(slot.worker.health, own_->worker.health);
    start.set(slot.worker.busy_since_ns, own_->worker.busy_since_ns);
    start.set(slot.worker.last_activity_ns, own_->worker.last_activity_ns);
    start.set(slot.worker.pool_size, own_->worker.pool_size);
    start.add(slot.worker.starts, own_->worker.starts);
    start.commit();
    use(std::move(mapped).value());
    return Done{};
}

// Writes a new file with the sums of what was found and what was counted meanwhile.
Status Recorder::move_to_new_file(int directory, const SlotReading& found, const Totals& totals) {
    const auto content = std::make_unique<Slot>(*own_);
    write_totals(totals, *content);
    if (found.state == SlotState::intact) succeed(found.image, *content);
    Result<MappedSlot> mapped = replace_slot(directory, options_.name, *content);
    if (!mapped) return mapped.error();
    use(std::move(mapped).value());
    return Done{};
}

void Recorder::use(MappedSlot mapped) {
    model_ = find_model(*mapped.get());
    mapped_ = std::move(mapped);
    slot_ = mapped_.get();
    own_.reset();
    presence_.set_attached(true);
    ++attachments_;
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

// The slot's file is gone: what it held is in this process only, and complete.
void Recorder::detach() {
    own_ = std::make_unique<Slot>(*mapped_.get());
    slot_ = own_.get();
    mapped_ = MappedSlot{};
    presence_.set_attached(false);
}

// The entry with this worker's model version, or kModelEntries.
std::size_t Recorder::find_model(const Slot& slot) const {
    const auto name = pack_name(options_.model_version);
    return static_cast<std::size_t>(std::ranges::find(slot.models, name, &ModelEntry::name) -
                                    slot.models.begin());
}

Totals Recorder::own_totals() const {
    const Word* const words = words_of(*own_);
    Result<SlotImage> image = decode_slot({words, words + kSlotWords});
    Result<Totals> totals = image ? read_totals(image.value()) : Result<Totals>{image.error()};
    return totals ? std::move(totals).value() : Totals{};
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
void Recorder::add_request(Transaction& transaction, const RequestRecord& request,
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
    Transaction transaction{*slot_};
    add_request(transaction, request, caller, static_cast<Word>(-1));
    transaction.set(slot_->worker.pending[0], 0);
    // Its lines lie where the next request's are going to be.
    transaction.set(slot_->worker.log_position, 0);
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

void Recorder::leave() {
    shared(slot_->worker.pid).store(0, std::memory_order_relaxed);
}

}  // namespace appcore::store
