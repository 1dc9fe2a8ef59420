"""Tokaway for programs: open an archive, plan, run with a listener, look at what was published.

What is named here is the public surface, which the command line and the screens use as well;
`docs/python.md` shows how. The rest of `importer` may change with any version.
"""

from importer import __version__
from importer.accepting import Accepted, accepted_lines, ask_about, ask_servers, note_account
from importer.ahead import Ahead, look_ahead, summary_with_outlook, windows_of
from importer.archive.edits import Edited
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
from importer.captions.table import Edits, read_table, write_table
from importer.changing import signed_in_patiently
from importer.closeup import Closeup, closeup
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
from importer.events import (
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
    to_json,
)
from importer.folders import SUFFIX, archive_beside, folder_for, is_archive
from importer.gathering import Gathered, Say, gather_folder, gather_pages
from importer.imports import Import, Unreadable, find_archives, usual_places
from importer.imports import look as look_at_import
from importer.known import is_kept_in_file, kept_handles
from importer.model import (
    Account,
    Edit,
    Kind,
    Limits,
    Long,
    MediaFile,
    Milestone,
    Notice,
    Photos,
    Post,
    Privacy,
    Record,
    Role,
    Route,
    Stage,
    Trouble,
)
from importer.opening import Opened, opened
from importer.pds.credentials import Credentials, Given, Password
from importer.plans import Foreseen, Plan, foreseen_of, make_plan
from importer.profiles import Difference as ProfileDifference
from importer.profiles import Field as ProfileField
from importer.profiles import Look as ProfileLook
from importer.profiles import ProfileUpdate, profile_update
from importer.profiles import Verdict as ProfileVerdict
from importer.profiles import Wanted as ProfileWanted
from importer.report import write_report
from importer.reviewing import Sending, prepared, records_of, sending
from importer.runs import begin, run_archive, telling_of_trouble
from importer.selection import EVERYTHING, STATES, Selection, State, link_is_dying
from importer.settings import Settings, load
from importer.signing_in import (
    CODE_NEEDED,
    SignedIn,
    SignedOut,
    Visit,
    handle_in,
    server_in,
    sign_in,
    sign_in_in_browser,
    sign_out,
)
from importer.summary import Summary, gaps, summarise
from importer.undoing import Selected, TakenBack, Undone, select, take_back, undo_posts
from importer.undoing import Selection as UndoSelection
from importer.updating import Change, Compared, Update, Updated, edited_posts, update
from importer.verifying import Repair, Repaired, repair, repairs, verification
from importer.wanted import Wanted, become_public

__all__ = [
    "CODE_NEEDED",
    "EVERYTHING",
    "STATES",
    "SUFFIX",
    "Accepted",
    "Account",
    "Ahead",
    "Archive",
    "ArchiveInUse",
    "ArchiveView",
    "BudgetEmpty",
    "Change",
    "Checked",
    "Closeup",
    "Compared",
    "Credentials",
    "Day",
    "DiskFull",
    "Edit",
    "Edited",
    "Edits",
    "Event",
    "Fault",
    "Forecasted",
    "Foreseen",
    "Gathered",
    "Given",
    "Import",
    "InHand",
    "Kind",
    "Limits",
    "Long",
    "Looked",
    "MediaFile",
    "Milestone",
    "Notice",
    "Noticed",
    "Opened",
    "Outcome",
    "Password",
    "Photos",
    "Plan",
    "Post",
    "Privacy",
    "ProfileDifference",
    "ProfileField",
    "ProfileLook",
    "ProfileUpdate",
    "ProfileVerdict",
    "ProfileWanted",
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
    "Settings",
    "SignInNeeded",
    "SignedIn",
    "SignedOut",
    "Stage",
    "State",
    "Status",
    "StepDone",
    "StepError",
    "StepFailed",
    "StepStarted",
    "Stop",
    "Stopped",
    "Stopping",
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
    "Wishes",
    "__version__",
    "accepted_lines",
    "archive_beside",
    "ask_about",
    "ask_servers",
    "become_public",
    "begin",
    "closeup",
    "edited_posts",
    "find_archives",
    "folder_for",
    "foreseen_of",
    "gaps",
    "gather_folder",
    "gather_pages",
    "handle_in",
    "is_archive",
    "is_kept_in_file",
    "kept_handles",
    "link_is_dying",
    "load",
    "look_ahead",
    "look_at_import",
    "make_plan",
    "note_account",
    "opened",
    "prepared",
    "profile_update",
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
    "summarise",
    "summary_with_outlook",
    "take_back",
    "telling_of_trouble",
    "to_json",
    "undo_posts",
    "update",
    "usual_places",
    "verification",
    "windows_of",
    "write_report",
    "write_table",
]
