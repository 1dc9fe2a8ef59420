"""Tokaway for programs: open an archive, plan, run with a listener, look at what was published.

What is named here is the public surface, which the command line and the screens use as well;
`docs/python.md` shows how. The rest of `importer` may change with any version.
"""

from importer import __version__
from importer.accepting import Accepted, ask_about, ask_servers
from importer.archive.edits import Edited
from importer.archive.store import Archive
from importer.archive.view import ArchiveView
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
    Event,
    Forecasted,
    InHand,
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
from importer.gathering import Gathered, gather_folder, gather_pages
from importer.model import (
    Account,
    Edit,
    Kind,
    Limits,
    MediaFile,
    Milestone,
    Notice,
    Post,
    Privacy,
    Record,
    Role,
    Stage,
    Trouble,
)
from importer.opening import Opened, archive_beside, is_archive, opened
from importer.pds.session import Credentials, Given, Password
from importer.plans import Plan, make_plan, summary_with_outlook
from importer.report import write_report
from importer.runs import begin, run_archive
from importer.selection import EVERYTHING, Selection
from importer.settings import Settings, load
from importer.signing_in import SignedIn, sign_in
from importer.summary import Summary
from importer.undoing import Selected, TakenBack, select, undo_posts
from importer.undoing import Selection as UndoSelection
from importer.verifying import verification

__all__ = [
    "EVERYTHING",
    "Accepted",
    "Account",
    "Archive",
    "ArchiveInUse",
    "ArchiveView",
    "BudgetEmpty",
    "Checked",
    "Credentials",
    "DiskFull",
    "Edit",
    "Edited",
    "Event",
    "Fault",
    "Forecasted",
    "Gathered",
    "Given",
    "InHand",
    "Kind",
    "Limits",
    "MediaFile",
    "Milestone",
    "Notice",
    "Noticed",
    "Opened",
    "Outcome",
    "Password",
    "Plan",
    "Post",
    "Privacy",
    "Recognised",
    "Record",
    "Refused",
    "Role",
    "RunError",
    "RunFinished",
    "RunStarted",
    "Selected",
    "Selection",
    "Settings",
    "SignInNeeded",
    "SignedIn",
    "Stage",
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
    "Unreachable",
    "UserError",
    "Verification",
    "Waiting",
    "Wishes",
    "__version__",
    "archive_beside",
    "ask_about",
    "ask_servers",
    "begin",
    "gather_folder",
    "gather_pages",
    "is_archive",
    "load",
    "make_plan",
    "opened",
    "run_archive",
    "select",
    "sign_in",
    "summary_with_outlook",
    "to_json",
    "undo_posts",
    "verification",
    "write_report",
]
