// An application with its transport on one side, its metrics and log on the other.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "appcore/api/app.hpp"
#include "appcore/api/observer.hpp"
#include "appcore/fcgi/handler.hpp"
#include "appcore/monitoring/log.hpp"
#include "appcore/monitoring/recorder.hpp"

namespace appcore {

class Service : public fcgi::Handler, private api::Observer {
  public:
    // The references outlive the service.
    Service(std::vector<api::Route> routes, const system::Clock& clock, system::IdSource& ids,
            monitoring::Recorder& recorder, monitoring::Log& log);

    void handle(const http::Request& request, http::Response& response) override;
    void reply_sent() override;
    void between_requests() override;
    void reopen_logs() override;

  private:
    void request_begins(system::SteadyTime now) override;
    void request_ends(const api::Exchange& exchange) override;
    void failure(std::string_view what) override;

    const system::Clock& clock_;
    monitoring::Recorder& recorder_;
    monitoring::Log& log_;
    std::uint64_t counted_drops_ = 0;
    api::App app_;
};

}  // namespace appcore
