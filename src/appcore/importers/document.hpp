// A JSON or UBJSON document of a model, in as little memory as a large one needs: arrays of numbers
// are just that, and parts that a reader takes while the document is read are not kept.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "appcore/result.hpp"

namespace appcore::importers {

class Value;
using Numbers = std::vector<double>;  // numbers and truth values; what is null is NaN
using Array = std::vector<Value>;
struct Member;
using Object = std::vector<Member>;  // in the document's order, no name twice

class Value {
  public:
    std::variant<std::monostate, double, std::string, Numbers, Array, Object> content;

    [[nodiscard]] const double* number() const { return std::get_if<double>(&content); }
    [[nodiscard]] const std::string* text() const { return std::get_if<std::string>(&content); }
    [[nodiscard]] const Object* object() const { return std::get_if<Object>(&content); }
    [[nodiscard]] const Array* array() const { return std::get_if<Array>(&content); }
    // Empty for an empty array, whatever it was to hold; nothing if it is not an array of numbers.
    [[nodiscard]] const Numbers* numbers() const { return std::get_if<Numbers>(&content); }

    // The member `name` of an object; nothing if there is none, or this is not an object.
    [[nodiscard]] const Value* find(std::string_view name) const;
};

struct Member {
    std::string first;
    Value second;
};

enum class Encoding : unsigned char { json, ubjson };

// How numbers with a fraction are read from text: as XGBoost does, to the nearest float, or to the
// nearest double.
enum class Precision : unsigned char { float32, float64 };

// Called for each element of the arrays called `trees` when it is complete, with its index and what
// has been read so far of the objects around it, outermost first; afterwards the element is empty.
using TakeTree =
    std::function<Status(Value& tree, std::size_t index, std::span<const Value* const> around)>;

// The document in `text`. Its memory is bounded by a small multiple of the size of `text`; nesting
// beyond kMaxNesting and repeated names are refused. The error of `take_tree` is returned as it is.
[[nodiscard]] Result<Value> read_document(std::string_view text, Encoding encoding,
                                          Precision precision, const TakeTree& take_tree);

}  // namespace appcore::importers
