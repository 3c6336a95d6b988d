// What counting costs: nanoseconds for recording a request, milliseconds for a scrape of 64 slots
// in which every worker has counted all routes. Fails where a limit of the specification is missed.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "appcore/metrics/collector.hpp"
#include "appcore/metrics/exposition.hpp"
#include "appcore/metrics/families.hpp"
#include "appcore/store/recorder.hpp"

namespace {

using namespace appcore;           // NOLINT(google-build-using-namespace)
using namespace appcore::metrics;  // NOLINT(google-build-using-namespace)
using namespace appcore::store;    // NOLINT(google-build-using-namespace)
using SteadyClock = std::chrono::steady_clock;

constexpr int kSlots = 64;
constexpr int kRecords = 5'000'000;
constexpr int kScrapes = 200;

RequestRecord prediction(Word key) {
    return {http::Method::post,
            http::Endpoint::predict,
            201,
            std::chrono::microseconds{90},
            PredictionRecord{metric::Outcome::success, std::chrono::microseconds{2}},
            {{1, key}}};
}

void record_everything(Recorder& recorder) {
    for (std::size_t endpoint = 0; endpoint < http::kEndpointCount; ++endpoint) {
        for (const int status : {200, 404, 405, 422}) {
            RequestRecord record = prediction(endpoint);
            record.endpoint = static_cast<http::Endpoint>(endpoint);
            record.status = status;
            recorder.record_request(record);
        }
    }
}

double seconds_since(SteadyClock::time_point start) {
    return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

double scrape_milliseconds(Collector& collector) {
    const auto start = SteadyClock::now();
    std::size_t bytes = 0;
    for (int i = 0; i < kScrapes; ++i) {
        bytes = render_exposition(service_families(collector.collect(), "0"), "", "").body.size();
    }
    const double milliseconds = seconds_since(start) * 1e3 / kScrapes;
    std::printf("scrape of %d slots: %.2f ms, %zu bytes\n", kSlots, milliseconds, bytes);
    return milliseconds;
}

// A process with as many descriptors as a worker that is idle, for what /proc says of it. It ends
// with this one.
pid_t start_process() {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int fd = 3; fd < 8; ++fd) ::dup2(STDERR_FILENO, fd);
    for (;;) ::pause();
}

}  // namespace

int main() {
    std::string directory = (std::filesystem::temp_directory_path() / "appcore-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) return EXIT_FAILURE;
    std::vector<pid_t> pids;
    for (int i = 0; i < kSlots; ++i) pids.push_back(start_process());
    std::vector<std::unique_ptr<Recorder>> pool;
    for (const pid_t pid : pids) {
        pool.push_back(std::make_unique<Recorder>(
            RecorderOptions{directory, "worker-" + std::to_string(pool.size()), "v1.0", pid, {}}));
        if (const auto error = pool.back()->maintain({})) {
            std::fprintf(stderr, "%s\n", error->message.c_str());
            return EXIT_FAILURE;
        }
        record_everything(*pool.back());
    }

    Recorder& recorder = *pool.front();
    const auto start = SteadyClock::now();
    for (Word i = 0; i < kRecords; ++i) {
        recorder.begin_request(start);
        recorder.record_request(prediction(i));
        recorder.end_request(start);
    }
    const double nanoseconds = seconds_since(start) * 1e9 / kRecords;
    std::printf("recording a request: %.1f ns\n", nanoseconds);

    Collector collector(directory);
    const double milliseconds = scrape_milliseconds(collector);
    std::filesystem::remove_all(directory);
    return nanoseconds < 100 && milliseconds < 5 ? EXIT_SUCCESS : EXIT_FAILURE;
}
