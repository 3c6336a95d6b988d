// The reply to a body that was refused with 422: FastAPI's {"detail":[item, ...]}.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "appcore/json/document.hpp"

namespace appcore::schema {

// What is wrong, in pydantic's words. The list of all that this service says is below.
struct ErrorType {
    std::string_view type;
    std::string_view message;
};

namespace error_type {
inline constexpr ErrorType kJsonInvalid = {"json_invalid", "JSON decode error"};
inline constexpr ErrorType kMissing = {"missing", "Field required"};
inline constexpr ErrorType kNotAnObject = {
    "model_attributes_type", "Input should be a valid dictionary or object to extract fields from"};
inline constexpr ErrorType kNotAList = {"list_type", "Input should be a valid list"};
inline constexpr ErrorType kTooShort = {"too_short",
                                        "List should have at least 1 item after validation, not 0"};
inline constexpr ErrorType kNotANumber = {"float_type", "Input should be a valid number"};
inline constexpr ErrorType kNotNumeric = {
    "float_parsing", "Input should be a valid number, unable to parse string as a number"};
inline constexpr ErrorType kNotUnicode = {
    "string_unicode",
    "Input should be a valid string, unable to parse raw data as a unicode string"};
inline constexpr ErrorType kNotFinite = {"finite_number", "Input should be a finite number"};
// This service's own: no words of pydantic.
inline constexpr ErrorType kNoPrediction = {
    "no_prediction", "The model's prediction for these features is not a finite number"};
}  // namespace error_type

// Where it is wrong, as JSON text.
namespace error_location {
inline constexpr std::string_view kBody = R"(["body"])";
inline constexpr std::string_view kFeatures = R"(["body","features"])";
[[nodiscard]] std::string feature(std::size_t index);
[[nodiscard]] std::string position(std::size_t code_points);
}  // namespace error_location

// Collects the items in the order in which they are added.
class ValidationErrors {
  public:
    // Each bad feature costs a hundred bytes or more, so a body of 32 MiB could ask for a gigabyte.
    static constexpr std::size_t kMaxList = std::size_t{16} << 20U;
    // An item that echoes the body may take twice the largest body, its quotes and backslashes
    // escaped. nginx has buffers for that (fastcgi_buffers in deploy/nginx.conf).
    static constexpr std::size_t kMaxReply = std::size_t{64} << 20U;

    // Starts an item. The caller appends the JSON text of its input to the string returned, then
    // calls end(); `context` is the JSON text of the item's ctx, empty for none. An input that may
    // be longer than kMaxReply is given up once the string is.
    std::string& begin(const ErrorType& error, std::string_view location);
    void end(std::string_view context = {});

    // A whole item, whose input is a value of the body.
    void add(const ErrorType& error, std::string_view location, const json::Document& document,
             json::Document::Index input, std::string_view context = {});

    [[nodiscard]] bool empty() const { return reply_.empty(); }

    // Whether the list has reached kMaxList; further items are then to be left out.
    [[nodiscard]] bool full() const { return reply_.size() >= kMaxList; }

    // The reply's JSON text; nothing if that would be longer than kMaxReply. Call it once, as the
    // last thing.
    [[nodiscard]] std::optional<std::string> finish();

  private:
    std::string reply_;
};

}  // namespace appcore::schema
