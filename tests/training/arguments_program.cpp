// The shortest training script: what parse_arguments() makes of its command line.
#include "torchhub/training/arguments.h"

#include <cstdio>

int main(int argc, char** argv) {
  const torchhub::TrainingArguments args = torchhub::parse_arguments(argc, argv);
  std::printf("learning_rate %g\n", args.learning_rate);
}
