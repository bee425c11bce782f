"""Why a query is not answered → the API's status and code for it."""

from lambdas.search.pictures import BadPicture
from lambdas.search.questions import BadQuery, NoSuchRow
from lambdas.search.searchable import NoEmbedder
from lambdas.search.versions import Unreadable
from loupe.cards import UnknownField
from loupe.codes import BadVector
from loupe.reference import NoSuchVersion, NotPublished
from loupe.replies import Refusal
from loupe.rows import Damaged

REFUSALS: dict[type[Exception], tuple[int, str]] = {
    BadQuery: (400, "invalid_request"),
    UnknownField: (400, "invalid_request"),
    BadVector: (400, "bad_vector"),
    BadPicture: (400, "bad_image"),
    NoSuchVersion: (404, "version_not_found"),
    NoSuchRow: (404, "row_not_found"),
    NoEmbedder: (409, "no_embedder"),
    NotPublished: (503, "nothing_published"),
    Unreadable: (503, "version_unreadable"),
    Damaged: (503, "version_unreadable"),
}
REFUSED = tuple(REFUSALS)


def refusal(error: Exception) -> Refusal:
    """The refusal that an exception of REFUSED becomes."""
    status, code = REFUSALS[type(error)]
    return Refusal(status, code, str(error))
