/// Several processes: this program starts itself again as each of them.
#include "optimise/process_group.h"
#include "architectures/srresnet/srresnet.h"
#include "data/batch_loader.h"
#include "formats/safetensors.h"
#include "nn/module_tensors.h"
#include "objectives/pixel_objective.h"

#include "support/images.h"
#include "support/run_command.h"

#include <sisr/error.h>
#include <sisr/image_file.h>

#include <thread>

namespace sisr::test {
namespace {

using namespace sisr::training;
using Environment = std::vector<std::pair<std::string, std::string>>;

constexpr int kTotalBatch = 4;

Environment member(int rank, int size, int port, const TempDir& folder) {
    return {{"RANK", std::to_string(rank)},
            {"WORLD_SIZE", std::to_string(size)},
            {"MASTER_ADDR", "127.0.0.1"},
            {"MASTER_PORT", std::to_string(port)},
            {"SISR_TEST_FOLDER", folder.path().string()}};
}

/// A port that was free a moment ago, different for tests that run at once.
int some_port() { return 20000 + static_cast<int>(::getpid()) % 20000; }

/// The child of the test below: one step of the generator on its share of the batch.
TEST(ProcessGroupMember, DISABLED_WritesItsGradient) {
    const std::filesystem::path folder = std::getenv("SISR_TEST_FOLDER");
    const auto group = join_process_group(torch::kCPU);
    torch::set_num_threads(1);
    PatchSourceOptions source_options;
    source_options.patch = 64;
    const PatchSource source({folder / "data"}, source_options, [](const std::string&) {});
    BatchOptions batches;
    batches.patch = 16;
    batches.batch = kTotalBatch / group->size();
    batches.first_index = group->rank() * batches.batch;
    BatchLoader loader(source, Degradation::parse("", 4), batches, 0);
    const Batch batch = loader.next();

    torch::manual_seed(1);
    SrResNet network(SrResNetSettings::compact(4, 8, 2));
    Learner learner(*network, Optimizer::muon, 0, *group);
    learner.begin();
    const auto loss = torch::l1_loss(network->forward(batch.lr), batch.hr);
    loss.backward();
    learner.gradient(loss);
    TensorFile file;
    for (const auto& item : network->named_parameters()) {
        file.tensors[item.key()] = item.value().grad();
    }
    write_safetensors(folder / (std::to_string(group->size()) + "-" +
                                std::to_string(group->rank()) + ".safetensors"),
                      file);
}

int run_member(const Environment& environment) {
    CommandOptions options;
    options.environment = environment;
    const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
    return run_command({self, "--gtest_also_run_disabled_tests",
                        "--gtest_filter=ProcessGroupMember.DISABLED_WritesItsGradient"},
                       options)
        .exit_code;
}

TEST(ProcessGroupTest, TwoProcessesGiveTheGradientOfOne) {
    const TempDir folder;
    std::filesystem::create_directory(folder / "data");
    for (unsigned i = 0; i < 3; ++i) {
        write_image(folder / ("data/" + std::to_string(i) + ".png"), random_rgb(100, 90, i));
    }
    ASSERT_EQ(run_member(member(0, 1, 0, folder)), 0);
    const int port = some_port();
    int second = -1;
    std::thread other([&] { second = run_member(member(1, 2, port, folder)); });
    const int first = run_member(member(0, 2, port, folder));
    other.join();
    ASSERT_EQ(first, 0);
    ASSERT_EQ(second, 0);
    const auto alone = read_safetensors(folder / "1-0.safetensors").tensors;
    for (const char* name : {"2-0.safetensors", "2-1.safetensors"}) {
        const auto together = read_safetensors(folder / name).tensors;
        for (const auto& [key, gradient] : alone) {
            const double scale = gradient.abs().max().item<double>();
            EXPECT_LT((together.at(key) - gradient).abs().max().item<double>(), 1e-5 * scale)
                << key;
        }
    }
}

class GroupVariables : public ::testing::Test {
protected:
    static void set(const Environment& variables) {
        for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
    }
    void TearDown() override {
        for (const char* name :
             {"RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "SLURM_PROCID", "SLURM_NTASKS"}) {
            ::unsetenv(name);
        }
    }
};

TEST_F(GroupVariables, NoneOrOneIsAGroupOfOne) {
    EXPECT_EQ(join_process_group(torch::kCPU)->size(), 1);
    set({{"WORLD_SIZE", "1"}, {"RANK", "0"}});
    const auto group = join_process_group(torch::kCPU);
    EXPECT_TRUE(group->is_first());
    EXPECT_TRUE(group->any(true));
    EXPECT_FALSE(group->any(false));
}

TEST_F(GroupVariables, NonsenseIsAnErrorOfUsage) {
    const Environment cases[] = {
        {{"WORLD_SIZE", "two"}},
        {{"WORLD_SIZE", "-2"}},
        {{"WORLD_SIZE", "2"}},
        {{"WORLD_SIZE", "2"}, {"RANK", "2"}, {"MASTER_ADDR", "127.0.0.1"}},
        {{"WORLD_SIZE", "2"}, {"RANK", "1"}},
        {{"SLURM_NTASKS", "2"}, {"SLURM_PROCID", "1"}, {"MASTER_PORT", "x"}},
    };
    for (const Environment& variables : cases) {
        TearDown();
        set(variables);
        try {
            join_process_group(torch::kCPU);
            ADD_FAILURE() << variables.front().second;
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::usage) << error.what();
        }
    }
}

}  // namespace
}  // namespace sisr::test
