// The service of the metrics program: besides answering, it publishes and pushes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "appcore/left_lines.hpp"
#include "appcore/metrics/history.hpp"
#include "appcore/metrics/publishing_thread.hpp"
#include "appcore/metrics/pusher.hpp"
#include "appcore/service.hpp"

namespace appcore {

// Where the numbers go by themselves; each may be absent.
struct MetricsOutputs {
    std::unique_ptr<metrics::PublishingThread> publisher;
    std::unique_ptr<metrics::Pusher> pusher;
    metrics::History* history = nullptr;  // outlives the service
};

class MetricsService final : public Service {
  public:
    MetricsService(std::vector<api::Route> routes, const ServiceContext& context,
                   ServiceLimits limits, MetricsOutputs outputs);

    // Called on the server's tick, too.
    void between_requests() override;

    void end(std::string_view why) override;

  private:
    void collect_left_lines();
    void report_pushes();

    const system::Clock& clock_;
    store::Recorder& recorder_;
    log::Log& log_;
    MetricsOutputs outputs_;
    std::string push_problem_;  // as it was logged last
    LeftLines left_lines_;
    system::SteadyTime collected_;  // when they were looked for last
};

}  // namespace appcore
