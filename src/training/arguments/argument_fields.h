#pragma once

#include "torchhub/training/arguments.h"

#include <string_view>

namespace torchhub {

/// A field that only Python can honour: written with Python's default, refused with another value.
struct PythonOnly {
  std::string_view default_json;
  std::string_view why;  ///< Follows "because".
};

/// Calls `visit(name, field, meaning)` for every field, in Python's order: the one list of them.
/// For what only Python has, `field` is a PythonOnly.
template <typename Arguments, typename Visitor>
void for_each_field(Arguments& a, Visitor&& visit) {
  visit("output_dir", a.output_dir, "Receives checkpoint-<step>/ folders, logs and the model");
  visit("per_device_train_batch_size", a.per_device_train_batch_size, "Samples a forward pass");
  visit("num_train_epochs", a.num_train_epochs, "Passes over the data; may be fractional");
  visit("max_steps", a.max_steps, "Above 0: updates to make, whatever the epochs");
  visit("learning_rate", a.learning_rate, "Peak learning rate, after warm-up");
  visit("lr_scheduler_type", a.lr_scheduler_type, "Shape of the learning rate");
  visit("lr_scheduler_kwargs", a.lr_scheduler_kwargs, "Settings of that shape, as JSON");
  visit("warmup_steps", a.warmup_steps, "Updates of warm-up; below 1: a fraction of all");
  visit("optim", a.optim, "Optimizer");
  visit("optim_args", a.optim_args, "More of its settings: key=value,key=value");
  visit("weight_decay", a.weight_decay, "Decay of weights, never of biases and norms");
  visit("adam_beta1", a.adam_beta1, "AdamW's beta1");
  visit("adam_beta2", a.adam_beta2, "AdamW's beta2");
  visit("adam_epsilon", a.adam_epsilon, "AdamW's epsilon");
  visit("optim_target_modules",
        PythonOnly{"null", "it belongs to the GaLore and APOLLO optimizers"}, "");
  visit("gradient_accumulation_steps", a.gradient_accumulation_steps, "Forward passes an update");
  visit("average_tokens_across_devices", a.average_tokens_across_devices,
        "Count the tokens of an update over all processes");
  visit("max_grad_norm", a.max_grad_norm, "Norm that gradients are clipped to; 0: no clipping");
  visit("label_smoothing_factor", a.label_smoothing_factor, "Label smoothing");
  visit("bf16", a.bf16, "Forward and loss in bfloat16 where that is safe");
  visit("fp16", a.fp16, "Forward and loss in float16 with a scaled loss");
  visit("bf16_full_eval", a.bf16_full_eval,
        "Weights in bfloat16 while evaluating outside training");
  visit("fp16_full_eval", a.fp16_full_eval, "Weights in float16 while evaluating outside training");
  visit("tf32", a.tf32, "TF32 for matrix products on a GPU");
  visit("gradient_checkpointing", a.gradient_checkpointing, "Recompute activations to save memory");
  visit("gradient_checkpointing_kwargs", a.gradient_checkpointing_kwargs, "Stored only");
  visit("torch_compile", PythonOnly{"false", "it compiles Python code"}, "");
  visit("torch_compile_backend", PythonOnly{"null", "it compiles Python code"}, "");
  visit("torch_compile_mode", PythonOnly{"null", "it compiles Python code"}, "");
  visit("use_liger_kernel", PythonOnly{"false", "these are Python's kernels"}, "");
  visit("liger_kernel_config", PythonOnly{"null", "these are Python's kernels"}, "");
  visit("use_cache", a.use_cache, "Stored only");
  visit("neftune_noise_alpha", a.neftune_noise_alpha,
        "Noise on the embeddings while training (NEFTune)");
  visit("torch_empty_cache_steps", a.torch_empty_cache_steps,
        "Updates between releases of cached GPU memory");
  visit("auto_find_batch_size", a.auto_find_batch_size,
        "Start again with a smaller batch when memory runs out");
  visit("logging_strategy", a.logging_strategy, "When to log the loss");
  visit("logging_steps", a.logging_steps, "Updates between logs; below 1: a fraction of all");
  visit("logging_first_step", a.logging_first_step, "Also log the first update");
  visit("log_on_each_node", a.log_on_each_node,
        "log_level is for the first process of each host; else of all");
  visit("logging_nan_inf_filter", a.logging_nan_inf_filter,
        "Keep NaN and infinite losses out of the logged mean");
  visit("include_num_input_tokens_seen", a.include_num_input_tokens_seen, "Count input tokens");
  visit("log_level", a.log_level, "Level of the library's log");
  visit("log_level_replica", a.log_level_replica, "The same for processes that do not log");
  visit("disable_tqdm", a.disable_tqdm, "Printed logs instead of a progress bar");
  visit("report_to", a.report_to, "Loggers: tensorboard, csv, jsonl, svg, all, none");
  visit("run_name", a.run_name, "Name of the run, for loggers");
  visit("project", a.project, "Stored only");
  visit("trackio_space_id", a.trackio_space_id, "Stored only");
  visit("trackio_bucket_id", a.trackio_bucket_id, "Stored only");
  visit("trackio_static_space_id", a.trackio_static_space_id, "Stored only");
  visit("eval_strategy", a.eval_strategy, "When to evaluate");
  visit("eval_steps", a.eval_steps, "Updates between evaluations; unset: logging_steps");
  visit("eval_delay", a.eval_delay, "No evaluation before so many updates, or epochs");
  visit("per_device_eval_batch_size", a.per_device_eval_batch_size,
        "Samples a forward pass in evaluation");
  visit("prediction_loss_only", a.prediction_loss_only, "Evaluate the loss alone");
  visit("eval_on_start", a.eval_on_start, "One evaluation before training");
  visit("eval_do_concat_batches", a.eval_do_concat_batches,
        "Metrics get all batches as one; else a list of them");
  visit("eval_use_gather_object", a.eval_use_gather_object, "Stored only");
  visit("eval_accumulation_steps", a.eval_accumulation_steps,
        "Batches between moves of predictions to host memory");
  visit("include_for_metrics", a.include_for_metrics, "What metrics get besides: inputs, loss");
  visit("batch_eval_metrics", a.batch_eval_metrics, "Metrics batch by batch");
  visit("save_only_model", a.save_only_model,
        "No optimizer in checkpoints: they cannot be resumed exactly");
  visit("save_strategy", a.save_strategy, "When to write a checkpoint");
  visit("save_steps", a.save_steps, "Updates between saves; below 1: a fraction of all");
  visit("save_on_each_node", a.save_on_each_node, "One process a machine writes");
  visit("save_total_limit", a.save_total_limit, "Checkpoints to keep");
  visit("enable_jit_checkpoint", a.enable_jit_checkpoint,
        "Write a checkpoint on SIGTERM, then stop");
  visit("push_to_hub", a.push_to_hub, "Make each save a commit on the Hub");
  visit("hub_token", a.hub_token, "Token for the Hub");
  visit("hub_private_repo", a.hub_private_repo, "Make a new repository private");
  visit("hub_model_id", a.hub_model_id, "Repository to push to");
  visit("hub_strategy", a.hub_strategy, "What is pushed, and when");
  visit("hub_always_push", a.hub_always_push, "Push every save, even if a newer one waits");
  visit("hub_revision", a.hub_revision, "Branch to push to");
  visit("load_best_model_at_end", a.load_best_model_at_end,
        "End with the weights of the best evaluation");
  visit("metric_for_best_model", a.metric_for_best_model, "Metric that says which is best");
  visit("greater_is_better", a.greater_is_better, "Whether a greater metric is better");
  visit("ignore_data_skip", a.ignore_data_skip, "On resume, start the epoch at its first batch");
  visit("restore_callback_states_from_checkpoint", a.restore_callback_states_from_checkpoint,
        "On resume, callbacks go on where they were");
  visit("full_determinism", a.full_determinism, "Deterministic algorithms only");
  visit("seed", a.seed, "Seed of everything random");
  visit("data_seed", a.data_seed, "Seed of the data order; unset: seed");
  visit("use_cpu", a.use_cpu, "Train on the CPU even if there is a GPU");
  visit("accelerator_config", a.accelerator_config, "How batches are dealt to processes, as JSON");
  visit("parallelism_config",
        PythonOnly{"null", "tensor, context and sequence parallelism are Python's"}, "");
  visit("dataloader_drop_last", a.dataloader_drop_last, "Leave out a last batch that is not full");
  visit("dataloader_num_workers", a.dataloader_num_workers, "Threads that prepare batches");
  visit("dataloader_pin_memory", a.dataloader_pin_memory,
        "Batches for a GPU in page-locked memory");
  visit("dataloader_persistent_workers", a.dataloader_persistent_workers, "Stored only");
  visit("dataloader_prefetch_factor", a.dataloader_prefetch_factor, "Batches ahead a worker");
  visit("remove_unused_columns", a.remove_unused_columns,
        "Drop columns that the model does not take");
  visit("label_names", a.label_names, "Columns that are labels");
  visit("train_sampling_strategy", a.train_sampling_strategy, "Order of training samples");
  visit("length_column_name", a.length_column_name, "Column of lengths, for group_by_length");
  visit("ddp_find_unused_parameters", a.ddp_find_unused_parameters,
        "Allow parameters that a forward pass does not use");
  visit("ddp_bucket_cap_mb", a.ddp_bucket_cap_mb, "Megabytes of gradients exchanged at once");
  visit("ddp_broadcast_buffers", a.ddp_broadcast_buffers,
        "Send buffers from process 0 before each forward pass");
  visit("ddp_static_graph", a.ddp_static_graph, "The graph never changes");
  visit("ddp_backend", a.ddp_backend, "gloo or nccl");
  visit("ddp_timeout", a.ddp_timeout, "Seconds that an exchange may take");
  visit("fsdp", PythonOnly{"null", "sharded training is not offered"}, "");
  visit("fsdp_config", PythonOnly{"null", "sharded training is not offered"}, "");
  visit("deepspeed", PythonOnly{"null", "DeepSpeed is a Python package"}, "");
  visit("debug", PythonOnly{"[]", "it hooks into Python's modules"}, "");
  visit("skip_memory_metrics", a.skip_memory_metrics, "False: report memory of each stage");
  visit("do_train", a.do_train, "Stored only, for the program");
  visit("do_eval", a.do_eval, "Stored only, for the program");
  visit("do_predict", a.do_predict, "Stored only, for the program");
  visit("resume_from_checkpoint", a.resume_from_checkpoint,
        "Checkpoint folder, last, or owner/name@revision");
  visit("warmup_ratio", PythonOnly{"null", "warmup_steps below 1 is its name now"}, "");
  visit("logging_dir", a.logging_dir, "Folder of TensorBoard's files");
  visit("local_rank", a.local_rank, "Stored only");
}

}  // namespace torchhub
