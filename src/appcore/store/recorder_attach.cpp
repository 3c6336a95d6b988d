// How a recorder comes to its slot, and back to its own memory.
#include <memory>
#include <utility>

#include "appcore/store/journal.hpp"
#include "appcore/store/recorder.hpp"
#include "appcore/store/slot_content.hpp"
#include "appcore/store/slot_image.hpp"

namespace appcore::store {

std::optional<Error> Recorder::maintain(system::SteadyTime now) {
    if (last_maintained_ && now - *last_maintained_ < kMaintenanceInterval) return std::nullopt;
    const bool is_first = !last_maintained_;
    last_maintained_ = now;
    Status status = is_first ? attach(options_.first_wait) : attach();
    return status ? std::nullopt : std::optional{status.error()};
}

Status Recorder::attach(std::chrono::milliseconds longest_wait) {
    if (is_attached()) {
        if (!is_slot_gone(options_.state_directory, options_.name, mapped_.inode())) return Done{};
        detach();
    }
    const auto attempt = [this, longest_wait]() -> Status {
        if (!is_slot_name(options_.name)) return Error{"no name for a slot: " + options_.name};
        Result<system::FileDescriptor> directory = open_state_directory(options_.state_directory);
        if (!directory) return directory.error();
        // The slot may have been removed without its lock.
        if (!lock_ || !is_lock_of(*lock_, directory.value().get(), options_.name)) {
            lock_.reset();
            Result<system::FileDescriptor> lock =
                lock_slot(directory.value().get(), options_.name, longest_wait);
            if (!lock) return lock.error();
            lock_ = std::make_shared<const system::FileDescriptor>(std::move(lock).value());
        }
        return take_slot(directory.value().get());
    };
    Status status = attempt();
    if (!status) {
        count(metric::Event::attach_failed);
        presence_.set_attached(false);
    }
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
    Totals own = own_totals();
    if (found.state == SlotState::intact && found.image.has_current_layout() && own.empty()) {
        return resume(directory);
    }
    // The first keep their entries: those that this process has shown in a slot that is gone, or
    // those that the slot shows which it finds.
    if (attachments_ > 0) std::swap(totals, own);
    totals.add(own);
    totals.model(options_.model_version);  // which its own counts lack if they are impossible
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
    const EntryName& model = own_->worker.model;
    EntryName& entry = slot.models[find_model(slot)].name;
    Transaction start{slot};
    for (std::size_t i = 0; i < model.size(); ++i) {
        start.set(slot.worker.model[i], model[i]);
        if (entry.front() == 0) start.set(entry[i], model[i]);
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
    // They refer to models by their place, which may be another one now.
    content->exemplars = {};
    if (found.state == SlotState::intact) inherit(found.image, *content);
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

// The slot's file is gone: what it held is in this process only, and complete.
void Recorder::detach() {
    own_ = std::make_unique<Slot>(*mapped_.get());
    slot_ = own_.get();
    mapped_ = MappedSlot{};
    presence_.set_attached(false);
}

Totals Recorder::own_totals() const {
    const Word* const words = words_of(*own_);
    Result<SlotImage> image = decode_slot({words, words + kSlotWords});
    Result<Totals> totals = image ? read_totals(image.value()) : Result<Totals>{image.error()};
    return totals ? std::move(totals).value() : Totals{};
}

}  // namespace appcore::store
