// A parsed JSON text: a flat list of nodes over the text, eight bytes a value or key, so that a
// body of millions of values stays small, and depth costs no stack.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace appcore::json {

// `constant` is one of the tokens NaN, Infinity and -Infinity, which Python's json takes.
enum class Kind : unsigned char { null, boolean, number, constant, string, array, object };

// Values lie in the order of the text. An array's elements follow it; an object is followed by its
// members, each a key (a string) and its value; duplicate keys are all there.
class Document {
  public:
    using Index = std::uint32_t;
    static constexpr Index kRoot = 0;

    Document() = default;
    // `text` must outlive the document, and its size must fit an Index.
    explicit Document(std::string_view text) : text_(text) {}

    [[nodiscard]] Kind kind(Index node) const;

    // The source text of a value that is neither array nor object; a string has its quotes.
    [[nodiscard]] std::string_view literal(Index node) const {
        return text_.substr(nodes_[node].begin, nodes_[node].extent);
    }

    // The node after this value and all that it holds.
    [[nodiscard]] Index after(Index node) const {
        return is_container(node) ? node + nodes_[node].extent : node + 1;
    }

    // For the parser: add_literal and open in the order of the text; close when a container's
    // content is complete.
    void add_literal(std::size_t begin, std::size_t length);
    Index open(std::size_t begin);
    void close(Index container);

  private:
    struct Node {
        Index begin;   // offset in the text
        Index extent;  // bytes of a literal; nodes of a container, itself included
    };

    [[nodiscard]] bool is_container(Index node) const {
        const char first = text_[nodes_[node].begin];
        return first == '[' || first == '{';
    }

    std::string_view text_;
    std::vector<Node> nodes_;
};

}  // namespace appcore::json
