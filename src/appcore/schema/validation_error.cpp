#include "appcore/schema/validation_error.hpp"

#include <utility>

#include "appcore/json/echo.hpp"
#include "appcore/json/writer.hpp"

namespace appcore::schema {
namespace {

constexpr std::string_view kOpening = R"({"detail":[)";
constexpr std::string_view kClosing = "]}";

}  // namespace

std::string error_location::feature(std::size_t index) {
    return R"(["body","features",)" + std::to_string(index) + "]";
}

std::string error_location::position(std::size_t code_points) {
    return R"(["body",)" + std::to_string(code_points) + "]";
}

std::string& ValidationErrors::begin(const ErrorType& error, std::string_view location) {
    reply_ += reply_.empty() ? kOpening : ",";
    reply_ += R"({"type":)";
    json::append_string(reply_, error.type);
    reply_ += R"(,"loc":)";
    reply_ += location;
    reply_ += R"(,"msg":)";
    json::append_string(reply_, error.message);
    reply_ += R"(,"input":)";
    return reply_;
}

void ValidationErrors::end(std::string_view context) {
    if (!context.empty()) {
        reply_ += R"(,"ctx":)";
        reply_ += context;
    }
    reply_ += '}';
}

void ValidationErrors::add(const ErrorType& error, std::string_view location,
                           const json::Document& document, json::Document::Index input,
                           std::string_view context) {
    json::append_value(begin(error, location), document, input, kMaxReply);
    end(context);
}

std::optional<std::string> ValidationErrors::finish() {
    if (reply_.size() + kClosing.size() > kMaxReply) return std::nullopt;
    reply_ += kClosing;
    return std::move(reply_);
}

}  // namespace appcore::schema
