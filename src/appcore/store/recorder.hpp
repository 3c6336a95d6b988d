// Counting, as a worker does it: into its slot in shared memory, or into its own memory while
// there is no slot.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "appcore/http/endpoint.hpp"
#include "appcore/http/method.hpp"
#include "appcore/log/ring_file.hpp"
#include "appcore/result.hpp"
#include "appcore/store/exemplar.hpp"
#include "appcore/store/journal.hpp"
#include "appcore/store/metric_names.hpp"
#include "appcore/store/presence.hpp"
#include "appcore/store/request_key.hpp"
#include "appcore/store/slot_file.hpp"
#include "appcore/store/slot_layout.hpp"
#include "appcore/store/totals.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::store {

// How long a process waits for its slot before it serves. Without one, a kill would lose what it
// has counted; others of its pool serve meanwhile.
inline constexpr std::chrono::seconds kFirstWait{5};

// What a process lacks is tried again this often, so that a lasting failure logs once in it.
inline constexpr std::chrono::minutes kMaintenanceInterval{1};

struct PredictionRecord {
    metric::Outcome outcome;
    std::chrono::nanoseconds duration;  // of the model alone
};

struct RequestRecord {
    http::Method method;
    http::Endpoint endpoint;
    int status;
    std::chrono::nanoseconds duration;  // from its first byte at the worker to the finished reply
    std::optional<PredictionRecord> prediction;
    RequestKey key;         // empty: the request cannot be repeated
    Word log_position = 0;  // up to which the log's ring holds its lines; 0: there are none
    std::optional<std::chrono::nanoseconds> wait = {};  // before `duration`; nothing: not known
    EntryName caller{};  // the name of its API key; zeros: it is counted under none
    TraceId trace = {};  // a sampled one, which becomes an exemplar at `time`; empty: none
    system::WallTime time = {};
};

struct RecorderOptions {
    std::string state_directory;
    std::string name;           // the place in the pool, such as "blue-01"; see is_slot_name
    std::string model_version;  // the label model_version of its predictions; empty: "other"
    pid_t pid;
    system::WallTime started;
    unsigned pool_size = 0;  // workers that the pool should have; 0 if this process is not a worker
    // How long the first maintain() waits for a slot that somebody holds; later ones wait for a
    // moment only, because requests wait with them.
    std::chrono::milliseconds first_wait = kMoment;
};

// One a process, used by one thread. What it counts is exact: a kill at any instruction leaves each
// record_request counted entirely or not at all, and the next holder of the slot continues from
// there. What is counted outside a slot is added to it later, and lost only with the process.
class Recorder {
  public:
    // Counts in its own memory until maintain() is called.
    explicit Recorder(RecorderOptions options);

    // Takes the slot over, or tries again, or looks whether it is still there. To be called at the
    // start, between requests and at the end; does something at the first call and then once a
    // minute. Returns why there is no slot, if so, for the log; counting continues.
    std::optional<Error> maintain(system::SteadyTime now);

    // The same at once, whatever the time, and waiting for as long for a slot that somebody holds;
    // for the end of a process, which would take with it what it counted in a file that is gone.
    Status attach(std::chrono::milliseconds longest_wait = kMoment);

    // How often a slot has been taken over: where this changes, so has what is beside the slot.
    [[nodiscard]] unsigned attachments() const { return attachments_; }
    // The slot's lock; none while there is no slot.
    [[nodiscard]] std::shared_ptr<const system::FileDescriptor> lock() const { return lock_; }
    [[nodiscard]] const RecorderOptions& options() const { return options_; }

    // The ring of log lines that the slot speaks of, and up to where its lines count.
    [[nodiscard]] log::RingMark log_mark() const;
    // From now on RequestRecord::log_position is a position in this ring.
    void use_log_ring(std::uint64_t identity);

    // Whether the counts are visible to others; that this process lives always is (presence.hpp).
    [[nodiscard]] bool is_attached() const { return mapped_.get() != nullptr; }

    // Whether a worker of the pool that has died had counted this request already. Reads all slots:
    // to be asked for repeated requests only.
    [[nodiscard]] bool was_counted(const RequestKey& key) const;

    // The following allocate nothing, make no system call, and cannot fail.
    void set_health(bool is_healthy);
    void begin_request(system::SteadyTime now);
    // Counts a request whose reply is about to leave. Until request_delivered() says that it has,
    // was_counted() of the others tells those who repeat it after this process has died.
    void record_request(const RequestRecord& request);
    void request_delivered();
    // Takes back a request that was recorded and whose reply nobody has got, and its lines, unless
    // they have been published.
    void retract_request(const RequestRecord& request);
    void end_request(system::SteadyTime now);
    // What begin_request() announced was not a request.
    void forget_request();

    // The same, for another thread of this process, while the serving thread is held at a request.
    void count_timeout();

    // The process ends because it was told to or wants to: that its place is empty from now on is
    // no failure. The last call.
    void mark_departed();
    void count(metric::Event event, Word times = 1);

  private:
    void detach();
    Status take_slot(int directory);
    Status resume(int directory);
    Status move_to_new_file(int directory, const SlotReading& found, const Totals& totals);
    void use(MappedSlot mapped);
    void add_request(Transaction& transaction, const RequestRecord& request, CallerEntry* caller,
                     Word amount);
    void keep_exemplar(const RequestRecord& request);
    void drop_exemplar(const RequestRecord& request);
    [[nodiscard]] Totals own_totals() const;
    [[nodiscard]] std::size_t find_model(const Slot& slot) const;
    [[nodiscard]] CallerEntry& caller_entry(const EntryName& name);

    RecorderOptions options_;
    Presence presence_;
    std::unique_ptr<Slot> own_;  // while there is no slot
    MappedSlot mapped_;
    // Shared with the log's ring, which is written until the process ends.
    std::shared_ptr<const system::FileDescriptor> lock_;
    unsigned attachments_ = 0;
    Slot* slot_;             // the one of both that counts
    std::size_t model_ = 0;  // this worker's entry in slot_->models
    std::optional<system::SteadyTime> last_maintained_;
};

}  // namespace appcore::store
