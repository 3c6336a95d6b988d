// An application with its transport on one side, its metrics and log on the other.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "appcore/api/app.hpp"
#include "appcore/api/observer.hpp"
#include "appcore/fcgi/handler.hpp"
#include "appcore/guard/request_in_hand.hpp"
#include "appcore/log/log.hpp"
#include "appcore/store/recorder.hpp"
#include "appcore/system/wall_stamp.hpp"

namespace appcore {

// What a process reports to; the references outlive the service.
struct ServiceContext {
    const system::Clock& clock;
    system::IdSource& ids;
    store::Recorder& recorder;
    log::Log& log;
    guard::RequestInHand& request_in_hand;
};

struct ServiceLimits {
    // A worker answers within this, or nginx does with a 504; zero: no limit.
    std::chrono::nanoseconds request_timeout{};
    std::chrono::nanoseconds slow_request{};  // a longer one is logged as slow; zero: none is
    std::uint64_t max_requests = 0;           // then the process is recycled; zero: never
};

class Service : public fcgi::Handler, private api::Observer {
  public:
    Service(std::vector<api::Route> routes, const ServiceContext& context, ServiceLimits limits);

    void request_arrives(int connection) override;
    void handle(const http::Request& request, http::Response& response) override;
    void commit() override;
    void request_done(fcgi::Delivery delivery) override;
    void reply_lost(int connection) override;
    [[nodiscard]] bool should_recycle() const override;
    void between_requests() override;
    void reopen_logs() override;

    // Takes its slot and the log's ring. An error if there is no memory for them: what is counted
    // and logged would end with the process, so it should not serve; its successor may get what it
    // needs. Whatever else is in the way is logged, and tried again between requests.
    [[nodiscard]] Status begin();

    // The last call: shows what is not in the slot yet, says `why` the process ends, and writes
    // the lines that are left.
    virtual void end(std::string_view why);

  private:
    using Record = std::optional<store::RequestRecord>;

    void request_ends(const api::Exchange& exchange) override;
    void failure(std::string_view what) override;
    Record& last_reply(int connection);
    void count_dropped_lines();
    void take_log_ring(system::SteadyTime now);

    [[nodiscard]] log::RequestTimes times_until_now(const http::Request& request) const;

    const system::Clock& clock_;
    store::Recorder& recorder_;
    log::Log& log_;
    guard::RequestInHand& request_in_hand_;
    ServiceLimits limits_;
    system::WallStamps stamps_;
    system::SteadyTime begun_;          // when the request at hand had its first byte here
    std::uint64_t handled_ = 0;         // requests so far
    bool has_handled_ = false;          // the connection at hand has brought one
    int connection_ = -1;               // the one at hand
    Record record_;                     // of the request at hand, if it is to be counted
    std::vector<Record> last_replies_;  // by connection, as they were counted
    std::uint64_t counted_drops_ = 0;
    bool lacks_memory_ = false;
    unsigned attachments_ = 0;  // of the recorder to slots, when a ring was looked for last
    std::optional<system::SteadyTime> lacked_ring_;  // when there was none
    api::App app_;
};

}  // namespace appcore
