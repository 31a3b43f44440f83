"""What is worth knowing and belongs to no single command; shown by `orp help TOPIC`."""

TOPICS = {
    "file": """
An experiment file in its shortest form:

  experiment:
    name: my-first-experiment
  training:
    script: python train.py        # or a list: ["python", "train.py"]
    config: {learning_rate: 0.001, epochs: 10}    # passed as --learning_rate 0.001 --epochs 10
  deliverables:
    - {type: metrics, path: output/metrics.json, validation: contains_keys, required_keys: [accuracy]}

`orp init` writes one with comments. All keys are in docs/experiment-file.md; `orp validate FILE`
names every problem with its line; `orp schema` lets an editor do that while you type.
""",
    "states": """
queued      waits to be started; `orp status` says for what
starting    being started
running     its command runs
finishing   its command has ended; deliverables are checked, the zip is written
succeeded   exit code 0, every required deliverable valid
incomplete  exit code 0, but a required deliverable is missing or invalid
failed      `orp info RUN` names the reason and the evidence
cancelled   ended because somebody asked for it
lost        nobody saw how it ended: supervisor killed, machine restarted, folder deleted
""",
    "waiting": """
What waits starts by priority, then in the order of submission, as soon as there is room.
`orp queue list` shows it with the reason why each run waits; `orp status --watch` goes on showing.

  orp batch DIR --parallel 4 --smoke         a folder at once; the others after the first has succeeded
  orp run FILE --after RUN:any --at 22:00    when RUN has ended, and not before ten
  orp queue move RUN top                     also: hold, release, priority, before OTHER
  orp queue pause [GROUP]                    start nothing more; what runs goes on
  orp queue refreeze --all-queued            after a bug fix: the code of now for what waits
  orp cancel --batch ID                      ID is any run of the submission

Verbs that take RUN... take a filter instead: --all-queued, --failed, --batch ID, --group G, --name N,
--state S, --filter TEXT (`orp help filters`); what is given together has to be true together. Then runs
that can't take the act are left out.
""",
    "filters": """
Runs are found by the same words everywhere: `orp runs 'FILTER'`, --filter 'FILTER' of the verbs that take
RUN..., / on the dashboard's list of runs, orp_tui.runs("FILTER") in Python.

  resnet "wrong augmentation"         words in id, name, tags or note; a blank: both have to be true
  state:failed | reason:oom           either; also state:bad active ended waiting
  -tag:paper   (a | b) -c             what is not found; brackets
  cfg.lr>=1e-3  cfg.amp=true          config, by : = != < <= > >=; of texts : is a part, = the whole
  metric.val_acc>0.9  best.val_loss<1     metrics: last value; first. best. min. max. for others; primary
  name:res*50  tag=best  seed:0  by:ada   * any text, ? one character; "in quotes" with blanks or signs
  age<2d  duration>1h30m  size>1GB    s m h d w mo y; kB MB GB TB, KiB MiB GiB TiB
  submitted:last-month  ended:2026-11-24
  has:zip  has:cfg.warmup  is:starred     is:archived, too: else archived runs are left out

What a run lacks compares as false: seed!=1 finds runs that have another seed, -seed:1 those without one too.
All fields are in docs/filters.md; a mistake is shown with its place.
""",
    "runs": """
Everything that was ever run, however long ago: as `2` on the dashboard, and here.

  orp runs 'state:succeeded cfg.lr<1e-3' --sort -best.val_acc    found by `orp help filters`, the best first
  orp runs --group-by cfg.model,cfg.lr --columns metric.val_acc  mean ± 95 % interval and n over the seeds
  orp compare RUN RUN…      what differs; --steps METRIC, --plot, -o FILE.md|csv|tex
  orp diff RUN [RUN2]       two runs, or a run and its project as it is now; --code line by line
  orp lineage RUN           where it comes from, what came of it, what each change gained
  orp tag RUN +paper        also star, note, archive; `tag:paper` is then a RUN, and finds runs
  orp rm RUN                two stages: to the trash after a look at the sizes, back by `orp clean --restore`
  orp share RUN             colleagues on this machine may read it; elsewhere: `orp import zip FILE`
  orp runs --save-view NAME the filter, columns and order of this call, for the dashboard too

In Python: orp_tui.runs("FILTER").to_pandas(), .history("val_acc"). All of it is in docs/runs.md.
""",
    "workspace": """
Every run works in a folder of its own, experiments/runs/<id>/workspace, which holds the code as it
was when you submitted: editing a file afterwards changes nothing in a run that waits or runs.

isolated   (default) tracked files as they are on disk, and untracked ones that git does not ignore.
           Folders of data are linked, not copied: name them in training.inputs, or answer once when
           asked; the answer is kept in orp.yaml.
in_place   the project folder itself, one run at a time.
shared     the project folder itself, several runs at once: for scripts that name their own outputs.

`orp run --dry-run FILE` lists what would be copied, linked and left out.
""",
    "metrics": """
In the training, in any Python from 3.8 on, with nothing to install:

  from orp_tui import log
  log(step, loss=0.31, accuracy=0.92)

or append JSON lines such as {"step": 1, "loss": 0.31} to the file that $ORP_METRICS_FILE names.

Or do nothing: what a training writes for TensorBoard, W&B, MLflow or into a CSV is found by itself,
and what it prints is read. `orp metrics test RUN` shows which lines of its log were read as what, and
which nearly were; `metrics.include` and `metrics.patterns` of the experiment file add others.
""",
    "files": """
experiments/                      the base directory; --base-dir or base_dir in orp.yaml moves it
  runs/<id>/                      one folder a run, readable with ls, cat and jq
    request.json experiment.yaml  what was asked for
    training_stdout.txt …         every byte the training printed
    metrics.jsonl                 what it logged
    system.jsonl                  CPU, memory, disk and GPUs that it took, every few seconds
    workspace/                    where it ran
    deliverables.json result.json what was checked, and what came of it
    notes.jsonl                   tags, stars and notes, with who and when
    imported.json                 of another machine's run: where it came from
  artifacts/<id>_artifacts.zip    all of it to hand over; `orp artifacts verify` checks one
  trash/                          what `orp clean` and `orp rm` took away, until the trash is emptied
  views.json                      saved views of the list of runs
  state/                          nothing here is a fact about a run
    orp.db                        queue and intents; `orp doctor --rebuild` makes it again from runs/
    catalog.db metrics.db         indexes for lists and charts; delete them, they are made again
""",
    "exit-codes": """
0    good
1    the experiment did not succeed
2    usage, or an invalid file
3    ORP itself could not
130  interrupted
""",
}
"""Name of a topic → its text, at most 100 columns wide."""
