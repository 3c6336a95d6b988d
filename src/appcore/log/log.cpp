#include "appcore/log/log.hpp"

#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <utility>

#include "appcore/json/utf8.hpp"
#include "appcore/json/writer.hpp"
#include "appcore/log/line_file.hpp"
#include "appcore/system/clock.hpp"

namespace appcore::log {
namespace {

using spdlog::level::level_enum;

// A line with two paths of this size stays below PIPE_BUF (4,096), up to which a pipe keeps lines
// whole.
constexpr std::size_t kPathLimit = 1400;
constexpr std::size_t kWorstEscape = 6;  // "\u001f" for one byte
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::size_t kLineCapacity = 4096;  // as long as any line may be

constexpr std::size_t kMethodLimit = 32;  // none that is registered is half as long

constexpr std::array<std::pair<std::string_view, level_enum>, 5> kLevelNames = {{
    {"DEBUG", spdlog::level::debug},
    {"INFO", spdlog::level::info},
    {"WARNING", spdlog::level::warn},
    {"ERROR", spdlog::level::err},
    {"CRITICAL", spdlog::level::critical},
}};

std::string_view name_of(level_enum level) {
    for (const auto& [name, value] : kLevelNames) {
        if (value == level) return name;
    }
    return "DEBUG";
}

void append(spdlog::memory_buf_t& to, std::string_view text) {
    to.append(text.data(), text.data() + text.size());
}

// spdlog's patterns do not escape JSON, so the payload is made of whole JSON members and the
// formatter only puts the common ones before it.
class JsonFormatter final : public spdlog::formatter {
  public:
    void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
        time_.clear();
        system::append_date_time(time_,
                                 std::chrono::floor<std::chrono::microseconds>(message.time));
        append(out, kLineBegin);
        append(out, time_);
        append(out, R"(Z","level":")");
        append(out, name_of(message.level));
        append(out, R"(","logger":")");
        append(out, {message.logger_name.data(), message.logger_name.size()});
        append(out, R"(",)");
        append(out, {message.payload.data(), message.payload.size()});
        append(out, "}\n");
    }

    [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
        return std::make_unique<JsonFormatter>();
    }

  private:
    std::string time_;
};

// Any bytes as a JSON string; only what is not UTF-8 costs a copy.
void append_text(std::string& out, std::string_view bytes) {
    if (json::is_utf8(bytes, json::Surrogates::refuse)) {
        json::append_string(out, bytes);
    } else {
        json::append_string(out, json::to_valid_utf8(bytes));
    }
}

void append_escaped_path(std::string& out, std::string_view path) {
    const std::size_t begin = out.size();
    append_text(out, path.substr(0, kPathLimit));
    if (path.size() <= kPathLimit && out.size() - begin <= kPathLimit) return;
    out.resize(begin);
    std::string cut(path.substr(0, kPathLimit / kWorstEscape));
    append_text(out, cut.append("..."));
}

void append_number(std::string& out, std::int64_t value) {
    std::array<char, 20> digits{};
    out.append(digits.data(), std::to_chars(digits.begin(), digits.end(), value).ptr);
}

// `thousandths` of a unit with three decimals: 1234 is "1.234".
void append_thousandths(std::string& out, std::int64_t thousandths) {
    append_number(out, thousandths / 1000);
    const auto rest = static_cast<int>(thousandths % 1000);
    const auto digit = [](int value) { return static_cast<char>('0' + value % 10); };
    const std::array<char, 4> decimals = {'.', digit(rest / 100), digit(rest / 10), digit(rest)};
    out.append(decimals.data(), decimals.size());
}

void append_trace(std::string& out, const TraceFields& trace) {
    out.append(R"(,"trace_id":)");
    append_text(out, trace.trace_id);
    out.append(R"(,"span_id":)");
    append_text(out, trace.span_id);
    out.append(R"(,"trace_flags":)");
    append_text(out, trace.flags);
}

}  // namespace

Result<level_enum> parse_log_level(std::string_view name) {
    for (const auto& [known, level] : kLevelNames) {
        if (known == name) return level;
    }
    return Error{"must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"};
}

Result<std::unique_ptr<Log>> Log::open(std::string path, level_enum level,
                                       std::string_view process) {
    auto ring = log::Ring::make_anonymous();
    if (!ring) return ring.error();
    return std::unique_ptr<Log>(new Log(std::move(ring).value(), std::move(path), level, process));
}

Log::Log(std::shared_ptr<log::Ring> ring, std::string path, level_enum level,
         std::string_view process)
    : sink_(std::make_shared<log::RingSink>(ring)),
      logger_("appcore", sink_),
      writer_(std::move(path)) {
    logger_.set_formatter(std::make_unique<JsonFormatter>());
    logger_.set_level(level);
    append_text(worker_.append(R"(,"worker":)"), process);
    // Of a line, so that none is lost for lack of memory.
    for (std::string* part : {&members_, &head_, &fields_, &trailing_})
        part->reserve(kLineCapacity);
    writer_.add(std::move(ring));
}

void Log::use(std::shared_ptr<log::Ring> ring) {
    sink_->ring().close();
    sink_->use(ring);
    writer_.add(std::move(ring));
}

void Log::adopt(std::shared_ptr<log::Ring> ring, std::function<void()> when_written) {
    writer_.add(std::move(ring), std::move(when_written));
}

void Log::publish() {
    sink_->ring().publish();
    writer_.wake();
}

void Log::report_problem() {
    const std::string problem = writer_.take_problem();
    if (!problem.empty()) error(problem);
}

void Log::event(level_enum level, std::string_view message) {
    if (!logger_.should_log(level)) return;
    members_.assign(R"("message":)");
    append_text(members_, message);
    members_.append(worker_);
    logger_.log(level, members_);
    publish();
}

void Log::begin_request(const RequestLine& line) {
    level_ = line.status >= 500 ? spdlog::level::err : spdlog::level::info;
    status_ = line.status;
    if (!logger_.should_log(std::max(level_, spdlog::level::warn))) return;
    head_.assign(R"("message":)");
    const std::size_t method = head_.size();
    append_text(head_, line.method.substr(0, kMethodLimit));
    const std::size_t path = head_.size();
    append_escaped_path(head_, line.path);

    const std::string_view head = head_;
    fields_.assign(R"(","request_id":)");
    append_text(fields_, line.request_id);
    fields_.append(R"(,"method":)").append(head.substr(method, path - method));
    fields_.append(R"(,"path":)").append(head.substr(path));
    fields_.append(R"(,"status_code":)");
    append_number(fields_, line.status);
    fields_.append(R"(,"duration_ms":)");

    // Two strings become one, which continues.
    head_.replace(path - 1, 2, " ");
    head_.pop_back();

    trailing_.assign(worker_).append(R"(,"client":)");
    append_text(trailing_, line.client);
    if (!line.key.empty()) {
        trailing_.append(R"(,"key":)");
        append_text(trailing_, line.key);
    }
    if (!line.trace.trace_id.empty()) append_trace(trailing_, line.trace);
}

void Log::end_request(const RequestTimes& times) {
    if (!logger_.should_log(level_)) return;
    members_.assign(head_).append(" → ");
    append_number(members_, status_);
    members_.append(" (");
    append_thousandths(members_, std::chrono::round<milliseconds>(times.duration).count());
    members_.append("s)");
    finish_line(level_, times);
}

void Log::slow_request(const RequestTimes& times) {
    if (!logger_.should_log(spdlog::level::warn)) return;
    members_.assign(head_).append(" is slow: ");
    append_thousandths(members_, std::chrono::round<milliseconds>(times.duration).count());
    members_.append(" s");
    finish_line(spdlog::level::warn, times);
}

// What comes behind the message.
void Log::finish_line(level_enum level, const RequestTimes& times) {
    members_.append(fields_);
    append_thousandths(members_, std::chrono::round<microseconds>(times.duration).count());
    if (times.wait) {
        members_.append(R"(,"wait_ms":)");
        append_thousandths(members_, std::chrono::round<microseconds>(*times.wait).count());
    }
    members_.append(trailing_);
    logger_.log(level, members_);
}

}  // namespace appcore::log
