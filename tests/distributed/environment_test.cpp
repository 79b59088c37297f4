#include "torchhub/distributed/environment.h"

#include "support/message_of.h"
#include "torchhub/base/error.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace torchhub {
namespace {

using testing::message_of;
using Variables = std::map<std::string, std::string>;

ProcessEnvironment read(const Variables& variables) {
  return ProcessEnvironment::from_environment(
      [&](const std::string& name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      });
}

std::string problems_of(const Variables& variables) {
  return message_of<InvalidArgumentError>([&] { read(variables); });
}

Variables with(Variables variables, const Variables& more) {
  for (const auto& [name, value] : more) variables[name] = value;
  return variables;
}

const Variables kTorchrun = {{"RANK", "5"},
                             {"WORLD_SIZE", "8"},
                             {"LOCAL_RANK", "1"},
                             {"LOCAL_WORLD_SIZE", "4"},
                             {"MASTER_ADDR", "10.0.0.7"},
                             {"MASTER_PORT", "29612"}};

TEST(ProcessEnvironment, IsOneProcessWithoutALauncher) {
  const ProcessEnvironment environment = read({{"HOME", "/root"}, {"MASTER_ADDR", "far"}});
  EXPECT_FALSE(environment.is_distributed());
  EXPECT_EQ(environment.rank, 0);
  EXPECT_EQ(environment.world_size, 1);
  EXPECT_EQ(environment.local_rank, 0);
}

TEST(ProcessEnvironment, TakesTorchrunsNames) {
  const ProcessEnvironment environment = read(kTorchrun);
  EXPECT_TRUE(environment.is_distributed());
  EXPECT_EQ(environment.rank, 5);
  EXPECT_EQ(environment.world_size, 8);
  EXPECT_EQ(environment.local_rank, 1);
  EXPECT_EQ(environment.local_world_size, 4);
  EXPECT_EQ(environment.master_addr, "10.0.0.7");
  EXPECT_EQ(environment.master_port, 29612);
  EXPECT_EQ(environment.agent_attempt, std::nullopt);
}

TEST(ProcessEnvironment, LearnsThatTorchrunsAgentServesTheMeetingPoint) {
  const auto environment = read(with(
      kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "True"}, {"TORCHELASTIC_RESTART_COUNT", "2"}}));
  EXPECT_EQ(environment.agent_attempt, 2);
  EXPECT_EQ(read(with(kTorchrun, {{"TORCHELASTIC_USE_AGENT_STORE", "False"}})).agent_attempt,
            std::nullopt);
}

TEST(ProcessEnvironment, UsesPort29500WhenNoneIsGiven) {
  EXPECT_EQ(read(with(kTorchrun, {{"MASTER_PORT", ""}})).master_port, 29500);
}

TEST(ProcessEnvironment, TakesOpenMpisNamesAndLoopbackWhenAllRanksAreHere) {
  const auto environment = read({{"OMPI_COMM_WORLD_RANK", "2"},
                                 {"OMPI_COMM_WORLD_SIZE", "4"},
                                 {"OMPI_COMM_WORLD_LOCAL_RANK", "2"},
                                 {"OMPI_COMM_WORLD_LOCAL_SIZE", "4"}});
  EXPECT_EQ(environment.rank, 2);
  EXPECT_EQ(environment.world_size, 4);
  EXPECT_EQ(environment.local_world_size, 4);
  EXPECT_EQ(environment.master_addr, "127.0.0.1");
}

TEST(ProcessEnvironment, TakesThoseOfMvapichAndPmi) {
  const auto mvapich = read({{"MV2_COMM_WORLD_RANK", "1"},
                             {"MV2_COMM_WORLD_SIZE", "2"},
                             {"MV2_COMM_WORLD_LOCAL_RANK", "0"},
                             {"MV2_COMM_WORLD_LOCAL_SIZE", "1"},
                             {"MASTER_ADDR", "node1"}});
  EXPECT_EQ(mvapich.rank, 1);
  EXPECT_EQ(mvapich.local_rank, 0);
  const auto pmi = read({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}, {"MASTER_ADDR", "127.0.0.1"}});
  EXPECT_EQ(pmi.rank, 1);
  EXPECT_EQ(pmi.local_rank, 1) << "all ranks are on this host, so each has a device of its own";
  EXPECT_EQ(pmi.local_world_size, 2);
}

TEST(ProcessEnvironment, TakesSlurmsNamesAndItsFirstHost) {
  const auto environment = read({{"SLURM_PROCID", "3"},
                                 {"SLURM_NTASKS", "8"},
                                 {"SLURM_LOCALID", "1"},
                                 {"SLURM_NTASKS_PER_NODE", "2"},
                                 {"SLURM_JOB_NODELIST", "node[03-07,9],x"}});
  EXPECT_EQ(environment.rank, 3);
  EXPECT_EQ(environment.world_size, 8);
  EXPECT_EQ(environment.local_rank, 1);
  EXPECT_EQ(environment.local_world_size, 2);
  EXPECT_EQ(environment.master_addr, "node03");
}

TEST(ProcessEnvironment, CountsTheTasksOfItsSlurmNode) {
  struct Case {
    std::string tasks, node;
    int world_size, of_this_host;
  };
  const std::vector<Case> cases = {
      {"4", "0", 4, 4},          {"4", "", 4, 4},           {"2(x2)", "1", 4, 2},
      {"4(x2),3", "0", 11, 4},   {"4(x2),3", "1", 11, 4},   {"4(x2),3", "2", 11, 3},
      {"1,2(x3),5", "4", 12, 5}, {"1,2(x3),5", "3", 12, 2},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.tasks + " on node " + each.node);
    const auto environment = read({{"SLURM_PROCID", "0"},
                                   {"SLURM_NTASKS", std::to_string(each.world_size)},
                                   {"SLURM_LOCALID", "0"},
                                   {"SLURM_NODEID", each.node},
                                   {"SLURM_TASKS_PER_NODE", each.tasks},
                                   {"SLURM_JOB_NODELIST", "a,b,c,d,e"}});
    EXPECT_EQ(environment.local_world_size, each.of_this_host);
    EXPECT_EQ(environment.master_addr, each.of_this_host == each.world_size ? "127.0.0.1" : "a");
  }
}

TEST(ProcessEnvironment, KnowsOnlyOfItsOwnTaskWhereSlurmsListMakesNoSense) {
  const Variables step = {{"SLURM_PROCID", "2"},
                          {"SLURM_NTASKS", "4"},
                          {"SLURM_LOCALID", "1"},
                          {"SLURM_NODEID", "1"},
                          {"SLURM_JOB_NODELIST", "a,b"}};
  for (const std::string list :
       {"", ",", "x", "2,", "2(x2", "2(x)", "(x2)", "2(x2)3", "2(x0),4", "0,4", "-2,6", "2 ,2",
        "2(x3)", "2,1", "2", "3(x2147483647)", "99999999999"}) {
    SCOPED_TRACE(list);
    EXPECT_EQ(
        read(with(step, {{"SLURM_TASKS_PER_NODE", list}, {"SLURM_NODEID", "1"}})).local_world_size,
        2);
  }
}

TEST(ProcessEnvironment, CountsAllTasksWhereSlurmHasOneNode) {
  for (const char* nodes : {"SLURM_NNODES", "SLURM_JOB_NUM_NODES"}) {
    SCOPED_TRACE(nodes);
    const Variables step = {{"SLURM_PROCID", "0"},
                            {"SLURM_NTASKS", "4"},
                            {"SLURM_LOCALID", "0"},
                            {"SLURM_JOB_NODELIST", "a"}};
    EXPECT_EQ(read(with(step, {{nodes, "1"}})).local_world_size, 4);
    EXPECT_EQ(read(with(step, {{nodes, "2"}})).local_world_size, 1);
    EXPECT_EQ(read(with(step, {{nodes, "1"}, {"SLURM_NTASKS_PER_NODE", "2"}})).local_world_size, 2)
        << "what the user asked for counts";
  }
}

TEST(ProcessEnvironment, ReadsEveryFormOfASlurmNodeList) {
  const std::map<std::string, std::string> first_hosts = {
      {"alone", "alone"},           {"a,b", "a"},
      {"n[9,11-12]", "n9"},         {"rack1-n[002-004].cluster", "rack1-n002.cluster"},
      {"r[1-2]-n[3-4],z", "r1-n3"},
  };
  for (const auto& [list, host] : first_hosts) {
    SCOPED_TRACE(list);
    EXPECT_EQ(read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}, {"SLURM_JOB_NODELIST", list}})
                  .master_addr,
              host);
  }
  for (const std::string list : {"node[03", "node[]", "node[a-b]", ",x", "n]"}) {
    SCOPED_TRACE(list);
    EXPECT_NE(
        problems_of({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}, {"SLURM_JOB_NODELIST", list}})
            .find("SLURM_JOB_NODELIST is no list of hosts"),
        std::string::npos);
  }
}

TEST(ProcessEnvironment, IsOneProcessInASlurmShellThatSrunDidNotStart) {
  EXPECT_FALSE(read({{"SLURM_NTASKS", "8"}, {"SLURM_JOB_NODELIST", "a,b"}}).is_distributed());
}

TEST(ProcessEnvironment, BelievesTorchrunBeforeTheOthers) {
  const auto environment = read(with(kTorchrun, {{"OMPI_COMM_WORLD_RANK", "0"},
                                                 {"OMPI_COMM_WORLD_SIZE", "2"},
                                                 {"SLURM_PROCID", "0"},
                                                 {"SLURM_NTASKS", "2"}}));
  EXPECT_EQ(environment.rank, 5);
  EXPECT_EQ(environment.world_size, 8);
  EXPECT_FALSE(
      read({{"WORLD_SIZE", "1"}, {"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}}).is_distributed());
}

TEST(ProcessEnvironment, ListsAllThatIsWrong) {
  EXPECT_EQ(
      problems_of(
          {{"RANK", "x"}, {"WORLD_SIZE", "4"}, {"LOCAL_RANK", "-1"}, {"MASTER_PORT", "70000"}}),
      "The launcher's environment variables do not fit together:\n"
      "  - RANK must be a number from 0, not 'x'\n"
      "  - MASTER_PORT must be a number from 1 to 65535, not '70000'\n"
      "  - MASTER_ADDR is not set, and LOCAL_WORLD_SIZE does not say that all 4 ranks are on this "
      "host; set MASTER_ADDR to the host of rank 0\n"
      "  - LOCAL_RANK must be a number from 0, not '-1'");
}

TEST(ProcessEnvironment, RefusesWhatContradictsItself) {
  const auto says = [](const Variables& variables, const std::string& text) {
    const std::string message = problems_of(variables);
    EXPECT_NE(message.find(text), std::string::npos) << message;
  };
  says({{"RANK", "2"}}, "RANK is set, but WORLD_SIZE is not");
  says({{"WORLD_SIZE", "2"}}, "WORLD_SIZE is 2, but RANK is not set");
  says({{"WORLD_SIZE", "0"}, {"RANK", "0"}}, "WORLD_SIZE must be a number from 1, not '0'");
  says({{"WORLD_SIZE", "1"}, {"RANK", "1"}}, "RANK 1 must be below WORLD_SIZE 1");
  says(with(kTorchrun, {{"RANK", "8"}}), "RANK 8 must be below WORLD_SIZE 8");
  says(with(kTorchrun, {{"LOCAL_RANK", "4"}}),
       "LOCAL_RANK 4 must be below the 4 ranks of this host");
  says(with(kTorchrun, {{"LOCAL_WORLD_SIZE", "9"}}),
       "9 ranks on this host are more than WORLD_SIZE 8");
  says(with(kTorchrun, {{"RANK", "99999999999"}}),
       "RANK must be a number from 0, not '99999999999'");
}

}  // namespace
}  // namespace torchhub
