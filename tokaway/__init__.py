"""Tokaway for programs: open an archive, plan, run with a listener, look at what was published.

What is named here is the public surface, which the command line and the screens use as well;
`docs/python.md` shows how. The rest of `importer` may change with any version.
"""

from importer import __version__
from importer.accepting import Accepted, accepted_lines, ask_about, ask_servers, note_account
from importer.addresses import handle_in, server_in
from importer.ahead import Ahead, look_ahead, summary_with_outlook, windows_of
from importer.archive.edits import Edited
from importer.archive.ledger import default_folder as state_folder
from importer.archive.store import Archive
from importer.archive.view import PLACED, UNFINISHED, ArchiveView
from importer.batch.file import BatchFile, Bounds, Creator, read_batch
from importer.batch.forecast import BatchForecast, forecast_batch
from importer.batch.planning import Planned, plan_batch
from importer.batch.report import write_batch_report
from importer.batch.standing import Finished, Standing, worst
from importer.batch.standing import Listener as BatchListener
from importer.batch.word import word_for as word_of_batch
from importer.batch.work import run_batch as batch
from importer.budgets import Kind as Limited
from importer.budgets import Window
from importer.budgets import in_numbers as limited_in_numbers
from importer.budgets import in_words as window_in_words
from importer.captions.post_list import read_list as read_post_list
from importer.captions.table import Edits, read_table, write_table
from importer.changing import signed_in_patiently
from importer.closeup import Closeup, closeup
from importer.days import last_line as last_told
from importer.engine.forecast import Forecast
from importer.engine.outcome import Outcome
from importer.engine.stop import Stop
from importer.engine.verification import Checked, Verification
from importer.engine.wishes import Wishes
from importer.errors import (
    ArchiveInUse,
    BudgetEmpty,
    DiskFull,
    Fault,
    Refused,
    RunError,
    SignInNeeded,
    StepError,
    Stopped,
    TokawayError,
    TryLater,
    Unreachable,
    UserError,
)
from importer.errors import of_system as error_of_system
from importer.events import (
    Counts,
    Day,
    Event,
    Forecasted,
    InHand,
    Looked,
    Noticed,
    Recognised,
    RunFinished,
    RunStarted,
    Status,
    StepDone,
    StepFailed,
    StepStarted,
    Stopping,
    Waiting,
    jsonable,
    to_json,
)
from importer.export.search import export_in
from importer.folders import SUFFIX, archive_beside, folder_for, is_archive
from importer.gathering import Gathered, Say, gather_folder, gather_pages
from importer.imports import Import, Unreadable, find_archives, usual_places
from importer.imports import look as look_at_import
from importer.known import is_kept_in_file, kept_handles
from importer.layers import CONFIG as CONFIG_VARIABLE
from importer.layers import NOT_SETTINGS as OTHER_VARIABLES
from importer.layers import PREFIX as VARIABLE_PREFIX
from importer.layers import Found, Origin
from importer.machine import Finding, look_at_machine
from importer.media.encoders import NAMES as ENCODERS
from importer.media.ffmpeg import Ffmpeg
from importer.media.ffmpeg import find as find_ffmpeg
from importer.model import (
    Account,
    Action,
    Edit,
    Kind,
    LeftOut,
    Limits,
    Link,
    LinkKind,
    Long,
    Measure,
    MediaFile,
    Milestone,
    Notice,
    Photos,
    Post,
    Privacy,
    Profile,
    Record,
    Role,
    Route,
    ServerLimits,
    Stage,
    Trouble,
)
from importer.opening import Opened, opened, working_on
from importer.pds.credentials import Credentials, Given, Password
from importer.plans import Foreseen, Plan, foreseen_of, make_plan
from importer.profiles import Difference as ProfileDifference
from importer.profiles import Field as ProfileField
from importer.profiles import Look as ProfileLook
from importer.profiles import ProfileUpdate, profile_update
from importer.profiles import Verdict as ProfileVerdict
from importer.profiles import Wanted as ProfileWanted
from importer.records.destination import Destination, Draft, Worded
from importer.records.destinations import DESTINATIONS
from importer.records.destinations import USUAL as USUAL_DESTINATIONS
from importer.records.destinations import named as destinations_named
from importer.records.facets import LINK as LINK_FACET
from importer.records.facets import pieces as cut_at_facets
from importer.records.style import Names, Overflow, Style
from importer.records.text import Length, length_of_alt, length_of_caption
from importer.records.text import clean as clean_words
from importer.report import write_report
from importer.reviewing import Sending, prepared, records_of, sending
from importer.runs import begin, end_without_work, run_archive, telling_of_trouble
from importer.selection import EVERYTHING, STATES, Selection, State, link_is_dying
from importer.sending_word import Word
from importer.settings import NAMES as SETTINGS
from importer.settings import SECRETS as SECRET_SETTINGS
from importer.settings import Settings, labels_of, langs_of, load, load_with_origins
from importer.signing_in import (
    CODE_NEEDED,
    SignedIn,
    SignedOut,
    Visit,
    sign_in,
    sign_in_in_browser,
    sign_out,
)
from importer.summary import Gap, Reason, Summary, gaps, summarise
from importer.undoing import Selected, TakenBack, Undone, select, take_back, undo_posts
from importer.undoing import Selection as UndoSelection
from importer.updating import Change, Compared, Update, Updated, edited_posts, update
from importer.verifying import Repair, Repaired, repair, repairs, verification
from importer.wanted import Wanted, become_public

__all__ = [
    "CODE_NEEDED",
    "CONFIG_VARIABLE",
    "DESTINATIONS",
    "ENCODERS",
    "EVERYTHING",
    "LINK_FACET",
    "OTHER_VARIABLES",
    "PLACED",
    "SECRET_SETTINGS",
    "SETTINGS",
    "STATES",
    "SUFFIX",
    "UNFINISHED",
    "USUAL_DESTINATIONS",
    "VARIABLE_PREFIX",
    "Accepted",
    "Account",
    "Action",
    "Ahead",
    "Archive",
    "ArchiveInUse",
    "ArchiveView",
    "BatchFile",
    "BatchForecast",
    "BatchListener",
    "Bounds",
    "BudgetEmpty",
    "Change",
    "Checked",
    "Closeup",
    "Compared",
    "Counts",
    "Creator",
    "Credentials",
    "Day",
    "Destination",
    "DiskFull",
    "Draft",
    "Edit",
    "Edited",
    "Edits",
    "Event",
    "Fault",
    "Ffmpeg",
    "Finding",
    "Finished",
    "Forecast",
    "Forecasted",
    "Foreseen",
    "Found",
    "Gap",
    "Gathered",
    "Given",
    "Import",
    "InHand",
    "Kind",
    "LeftOut",
    "Length",
    "Limited",
    "Limits",
    "Link",
    "LinkKind",
    "Long",
    "Looked",
    "Measure",
    "MediaFile",
    "Milestone",
    "Names",
    "Notice",
    "Noticed",
    "Opened",
    "Origin",
    "Outcome",
    "Overflow",
    "Password",
    "Photos",
    "Plan",
    "Planned",
    "Post",
    "Privacy",
    "Profile",
    "ProfileDifference",
    "ProfileField",
    "ProfileLook",
    "ProfileUpdate",
    "ProfileVerdict",
    "ProfileWanted",
    "Reason",
    "Recognised",
    "Record",
    "Refused",
    "Repair",
    "Repaired",
    "Role",
    "Route",
    "RunError",
    "RunFinished",
    "RunStarted",
    "Say",
    "Selected",
    "Selection",
    "Sending",
    "ServerLimits",
    "Settings",
    "SignInNeeded",
    "SignedIn",
    "SignedOut",
    "Stage",
    "Standing",
    "State",
    "Status",
    "StepDone",
    "StepError",
    "StepFailed",
    "StepStarted",
    "Stop",
    "Stopped",
    "Stopping",
    "Style",
    "Summary",
    "TakenBack",
    "TokawayError",
    "Trouble",
    "TryLater",
    "UndoSelection",
    "Undone",
    "Unreachable",
    "Unreadable",
    "Update",
    "Updated",
    "UserError",
    "Verification",
    "Visit",
    "Waiting",
    "Wanted",
    "Window",
    "Wishes",
    "Word",
    "Worded",
    "__version__",
    "accepted_lines",
    "archive_beside",
    "ask_about",
    "ask_servers",
    "batch",
    "become_public",
    "begin",
    "clean_words",
    "closeup",
    "cut_at_facets",
    "destinations_named",
    "edited_posts",
    "end_without_work",
    "error_of_system",
    "export_in",
    "find_archives",
    "find_ffmpeg",
    "folder_for",
    "forecast_batch",
    "foreseen_of",
    "gaps",
    "gather_folder",
    "gather_pages",
    "handle_in",
    "is_archive",
    "is_kept_in_file",
    "jsonable",
    "kept_handles",
    "labels_of",
    "langs_of",
    "last_told",
    "length_of_alt",
    "length_of_caption",
    "limited_in_numbers",
    "link_is_dying",
    "load",
    "load_with_origins",
    "look_ahead",
    "look_at_import",
    "look_at_machine",
    "make_plan",
    "note_account",
    "opened",
    "plan_batch",
    "prepared",
    "profile_update",
    "read_batch",
    "read_post_list",
    "read_table",
    "records_of",
    "repair",
    "repairs",
    "run_archive",
    "select",
    "sending",
    "server_in",
    "sign_in",
    "sign_in_in_browser",
    "sign_out",
    "signed_in_patiently",
    "state_folder",
    "summarise",
    "summary_with_outlook",
    "take_back",
    "telling_of_trouble",
    "to_json",
    "undo_posts",
    "update",
    "usual_places",
    "verification",
    "window_in_words",
    "windows_of",
    "word_of_batch",
    "working_on",
    "worst",
    "write_batch_report",
    "write_report",
    "write_table",
]
