#include "appcore/importers/tree_layout.hpp"

#include <set>
#include <string>

#include "catch.hpp"

using namespace appcore::importers;

namespace {

// A random tree with `splits` splits, from `seed`.
std::vector<TreeNode> random_tree(std::size_t splits, std::uint64_t seed) {
    std::vector<TreeNode> nodes(1);
    std::vector<std::size_t> leaves{0};
    for (std::size_t i = 0; i < splits; ++i) {
        seed = seed * 6364136223846793005U + 1442695040888963407U;
        const std::size_t at = (seed >> 33U) % leaves.size();
        const std::size_t node = leaves[at];
        nodes[node].left = static_cast<std::int32_t>(nodes.size());
        nodes[node].right = static_cast<std::int32_t>(nodes.size() + 1);
        leaves[at] = nodes.size();
        leaves.push_back(nodes.size() + 1);
        nodes.resize(nodes.size() + 2);
    }
    return nodes;
}

}  // namespace

TEST_CASE("every tree is placed with siblings together, behind their parents, in whole lines") {
    for (const std::uint32_t per_line : {4U, 8U}) {
        for (std::uint64_t seed = 0; seed < 200; ++seed) {
            const std::vector<TreeNode> nodes = random_tree(seed, seed);
            const auto layout = lay_out(nodes, per_line);
            REQUIRE(layout);
            CHECK(layout.value().size % per_line == 0);
            const auto& positions = layout.value().positions;
            CHECK(positions[0] == 0);
            std::set<std::uint32_t> used;
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                CHECK(positions[i] < layout.value().size);
                CHECK(used.insert(positions[i]).second);
                if (nodes[i].is_leaf()) continue;
                const std::uint32_t left = positions[static_cast<std::size_t>(nodes[i].left)];
                CHECK(left > positions[i]);
                CHECK(left % 2 == 0);
                CHECK(positions[static_cast<std::size_t>(nodes[i].right)] == left + 1);
            }
        }
    }
}

TEST_CASE("what is not a tree is refused with its node") {
    const auto reason = [](std::vector<TreeNode> nodes) {
        const auto layout = lay_out(nodes, 8);
        return layout ? std::string() : layout.error().message;
    };
    std::vector<TreeNode> nodes(3);
    nodes[0].left = 1;
    nodes[0].right = 2;
    CHECK(reason(nodes).empty());
    nodes[1].left = 0;
    nodes[1].right = 2;
    CHECK(reason(nodes) == "node 0 has two parents, or is its own ancestor");
    nodes[1].left = -1;
    CHECK(reason(nodes) == "node 1 has a child -1 that does not exist");
    nodes[1].left = 3;
    CHECK(reason(nodes) == "node 1 has a child 3 that does not exist");
    CHECK(reason({}) == "it has no nodes");
    // A chain that is one split too long.
    std::vector<TreeNode> chain(2 * 4'097 + 1);
    for (std::size_t i = 0; i < 4'097; ++i) {
        chain[2 * i].left = static_cast<std::int32_t>(2 * i + 1);
        chain[2 * i].right = static_cast<std::int32_t>(2 * i + 2);
    }
    CHECK(reason(chain).find("deeper than 4096 splits") != std::string::npos);
}
