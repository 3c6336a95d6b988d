// What one operation of the hot path costs, to be counted by callgrind: micro STAGE COUNT does it
// COUNT times. tests/bench/micro.py takes the difference of two counts, so starting up does not
// matter.
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "appcore/api/routes.hpp"
#include "appcore/fcgi/connection.hpp"
#include "appcore/models/mean_model.hpp"
#include "appcore/schema/feature_scanner.hpp"
#include "appcore/schema/predict_request.hpp"
#include "appcore/service.hpp"
#include "fcgi/wire.hpp"

namespace {

using namespace appcore;  // NOLINT(google-build-using-namespace)

const std::string kGood = R"({"features":[1.0,2.0,3.0]})";

std::string long_list() {
    std::string body = R"({"features":[)";
    for (int i = 0; i < 1000; ++i) body.append("-123.45678901234567,");
    return body.append("1]}");
}

// A worker without its loop, on a state directory and a log of its own.
struct Worker {
    explicit Worker(const std::string& directory)
        : log(log::Log::open(directory + "/log", spdlog::level::info, "blue-01").value()),
          recorder({directory + "/state", "blue-01", "v1.0", getpid(), clock.wall()}),
          service(api::worker_routes(model, clock, ids), {clock, ids, recorder, *log, hand}, {}) {
        service.between_requests();
    }
    system::SystemClock clock;
    system::RandomIds ids;
    models::MeanModel model;
    std::unique_ptr<log::Log> log;
    store::Recorder recorder;
    guard::RequestInHand hand;
    Service service;
};

class Constant final : public fcgi::Handler {
  public:
    void handle(const http::Request& /*request*/, http::Response& response) override {
        response.set(201, http::kJson, R"({"result":2.0})");
    }
};

// Requests on a kept connection, as nginx sends them.
class Line {
  public:
    explicit Line(fcgi::Handler& handler) : handler_(handler) {
        std::array<int, 2> ends{};
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
        peer_ = system::FileDescriptor(ends[0]);
        connection_ = std::make_unique<fcgi::Connection>(system::FileDescriptor(ends[1]),
                                                         std::chrono::seconds(1));
    }
    void ask() {
        std::array<char, 8192> reply{};
        if (::write(peer_.get(), request_.data(), request_.size()) <= 0) std::abort();
        connection_->serve(handler_, buffers_, {.max_body = 1 << 20});
        if (::read(peer_.get(), reply.data(), reply.size()) <= 0) std::abort();
    }

  private:
    fcgi::Handler& handler_;
    fcgi::Buffers buffers_;
    system::FileDescriptor peer_;
    std::unique_ptr<fcgi::Connection> connection_;
    const std::string request_ = wire::request({{"REQUEST_METHOD", "POST"},
                                                {"REQUEST_URI", "/predict"},
                                                {"CONTENT_LENGTH", "26"},
                                                {"REMOTE_ADDR", "127.0.0.1"},
                                                {"SERVER_ADDR", "127.0.0.1"},
                                                {"SERVER_PORT", "8000"},
                                                {"APPCORE_REQUEST_KEY", "1764140000.123-57-3-1"},
                                                {"HTTP_HOST", "localhost"},
                                                {"HTTP_CONTENT_LENGTH", "26"},
                                                {"HTTP_CONTENT_TYPE", "application/json"}},
                                               kGood, true);
};

using Stages = std::map<std::string, std::function<void()>>;

int run(const Stages& stages, const std::string& name, long count) {
    const auto stage = stages.find(name);
    if (stage == stages.end()) {
        for (const auto& [known, operation] : stages) std::printf("%s\n", known.c_str());
        return EXIT_FAILURE;
    }
    for (long i = 0; i < count; ++i) stage->second();
    return EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char* argv[]) {
    std::string directory = (std::filesystem::temp_directory_path() / "appcore-XXXXXX").string();
    if (::mkdtemp(directory.data()) == nullptr) return EXIT_FAILURE;
    std::filesystem::create_directory(directory + "/state");
    if (!fcgi::Connection::initialize()) return EXIT_FAILURE;
    Worker worker(directory);
    Constant constant;
    Line transport(constant);
    Line whole(worker.service);
    std::vector<double> features;
    const std::string thousand = long_list();
    const std::vector<double> three = {1, 2, 3};
    store::RequestRecord record{};
    record.method = http::Method::post;
    record.endpoint = http::Endpoint::predict;
    record.status = 201;
    record.prediction = {store::metric::Outcome::success, std::chrono::microseconds{1}};
    const Stages stages = {
        {"parse", [&] { (void)schema::scan_features(kGood, features); }},
        {"parse-1000", [&] { (void)schema::scan_features(thousand, features); }},
        {"validate-bad",
         [&] { (void)schema::read_predict_request("", R"({"features":["x"]})", {}, features); }},
        {"predict", [&] { (void)worker.model.predict(three); }},
        {"record",
         [&] {
             ++record.key.words[0];
             worker.recorder.record_request(record);
         }},
        {"log",
         [&] {
             worker.log->begin_request(
                 {"1764140000.123-57-3-1", "POST", "/predict", 201, "127.0.0.1"});
             worker.log->end_request({std::chrono::microseconds{50}, std::chrono::milliseconds{2}});
         }},
        {"transport", [&] { transport.ask(); }},
        {"request", [&] { whole.ask(); }}};
    const int result = argc == 3 ? run(stages, argv[1], std::atol(argv[2])) : run(stages, "", 0);
    std::filesystem::remove_all(directory);
    return result;
}
