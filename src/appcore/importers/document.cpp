#include "appcore/importers/document.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "appcore/importers/json_characters.hpp"
#include "appcore/models/limits.hpp"

namespace appcore::importers {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kTrees = "trees";
constexpr std::size_t kShown = 60;  // characters of a name in a message

std::string shorten(std::string_view name) {
    return std::string(name.substr(0, kShown)) + (name.size() > kShown ? "..." : "");
}

// The library's interface for a document that is not kept: it calls these in the document's order
// and ends where one returns false. Their names and types are the library's.
class Builder {
  public:
    Builder(std::size_t size, Precision precision, const TakeTree& take_tree)
        : left_(size), precision_(precision), take_tree_(take_tree) {}

    bool null() { return add_number(std::numeric_limits<double>::quiet_NaN(), true); }
    bool boolean(bool value) { return add_number(value ? 1 : 0, false); }
    bool number_integer(std::int64_t value) {
        return add_number(static_cast<double>(value), false);
    }
    bool number_unsigned(std::uint64_t value) {
        return add_number(static_cast<double>(value), false);
    }
    bool number_float(double value, const std::string& text) {
        if (precision_ == Precision::float32 && !text.empty()) {
            float nearest = 0;
            const char* const end = text.data() + text.size();
            const auto [stop, error] = std::from_chars(text.data(), end, nearest);
            if (error == std::errc{} && stop == end) value = static_cast<double>(nearest);
        }
        return add_number(value, false);
    }
    bool string(std::string& value) { return add(Value{std::move(value)}); }
    bool binary(Json::binary_t& /*value*/) { return fail("it holds binary data"); }

    bool start_object(std::size_t /*elements*/) { return open(Value{Object{}}); }
    bool key(std::string& name) {
        std::get<Object>(open_.back()->content).push_back(Member{std::move(name), Value{}});
        return spend();
    }
    bool end_object() { return check_names() && close(); }
    bool start_array(std::size_t /*elements*/) { return open(Value{Numbers{}}); }
    bool end_array() { return close(); }

    bool parse_error(std::size_t position, const std::string& /*token*/,
                     const Json::exception& /*error*/) {
        return fail("it is damaged at byte " + std::to_string(position) +
                    ": copy it again, or save the model again");
    }

    [[nodiscard]] std::string reason() const { return reason_; }
    [[nodiscard]] Value take_root() { return std::move(root_); }

  private:
    bool fail(std::string reason) {
        if (reason_.empty()) reason_ = std::move(reason);
        return false;
    }

    // Everything takes at least a byte of the document, but for arrays that only announce what they
    // hold.
    bool spend() {
        if (left_ == 0) return fail("it announces more than it holds");
        --left_;
        return true;
    }

    // Where the next value goes: a new element of an array, or the member named last.
    Value& place() {
        if (open_.empty()) return root_;
        Value& parent = *open_.back();
        if (auto* const members = std::get_if<Object>(&parent.content)) {
            return members->back().second;
        }
        return std::get<Array>(parent.content).emplace_back();
    }

    // An array is one of numbers as long as it holds nothing else.
    void turn_into_array() {
        if (open_.empty()) return;
        auto* const numbers = std::get_if<Numbers>(&open_.back()->content);
        if (numbers == nullptr) return;
        Array values;
        values.reserve(numbers->size() + 1);
        for (const double number : *numbers) {
            values.push_back(std::isnan(number) ? Value{} : Value{number});
        }
        open_.back()->content = std::move(values);
    }

    bool add_number(double value, bool is_null) {
        if (!spend()) return false;
        if (!open_.empty()) {
            if (auto* const numbers = std::get_if<Numbers>(&open_.back()->content)) {
                numbers->push_back(value);
                return true;
            }
        }
        if (is_null) {
            place().content = std::monostate{};
        } else {
            place().content = value;
        }
        return true;
    }

    bool add(Value value) {
        if (!spend()) return false;
        turn_into_array();
        place() = std::move(value);
        return true;
    }

    bool open(Value value) {
        if (open_.size() >= static_cast<std::size_t>(models::kMaxNesting)) {
            return fail("it is nested more than " + std::to_string(models::kMaxNesting) + " deep");
        }
        if (!spend()) return false;
        turn_into_array();
        Value& placed = place();
        placed = std::move(value);
        open_.push_back(&placed);
        return true;
    }

    // Of all names at once, since an object of a tree's categories has very many.
    bool check_names() {
        const auto& members = std::get<Object>(open_.back()->content);
        std::vector<std::string_view> names;
        names.reserve(members.size());
        for (const Member& member : members) names.emplace_back(member.first);
        std::ranges::sort(names);
        const auto twice = std::ranges::adjacent_find(names);
        return twice == names.end() || fail("the name '" + shorten(*twice) + "' is there twice");
    }

    // An element of "trees" is taken as soon as it is complete.
    bool close() {
        Value* const closed = open_.back();
        open_.pop_back();
        if (open_.size() < 2) return true;
        auto* const siblings = std::get_if<Array>(&open_.back()->content);
        const auto* const parent = std::get_if<Object>(&open_[open_.size() - 2]->content);
        if (siblings == nullptr || parent == nullptr || parent->back().first != kTrees) return true;
        const std::vector<const Value*> around(open_.begin(), open_.end() - 1);
        Status taken = take_tree_(*closed, siblings->size() - 1, around);
        if (!taken) return fail(taken.error().message);
        closed->content = std::monostate{};
        return true;
    }

    std::size_t left_;  // values that may still come
    Precision precision_;
    const TakeTree& take_tree_;
    Value root_;
    // The objects and arrays around the next value. The pointers hold: only the last one of these
    // gets new elements.
    std::vector<Value*> open_;
    std::string reason_;
};

}  // namespace

const Value* Value::find(std::string_view name) const {
    const Object* const members = object();
    if (members == nullptr) return nullptr;
    const auto found = std::ranges::find_if(
        *members, [name](const Member& member) { return member.first == name; });
    return found == members->end() ? nullptr : &found->second;
}

Result<Value> read_document(std::string_view text, Encoding encoding, Precision precision,
                            const TakeTree& take_tree) {
    Builder builder(text.size(), precision, take_tree);
    try {
        const bool read =
            encoding == Encoding::json
                ? Json::sax_parse(JsonCharacters::begin(text), JsonCharacters::end(text), &builder)
                : Json::sax_parse(text.begin(), text.end(), &builder, Json::input_format_t::ubjson);
        if (read) return builder.take_root();
    } catch (const nlohmann::json::exception& exception) {
        return Error{std::string("the document cannot be read: ") + exception.what()};
    }
    return Error{builder.reason()};
}

}  // namespace appcore::importers
