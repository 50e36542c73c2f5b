"""A long question finds the form in which it arrives, and is asked in that one."""

import pytest

from sentinel_app.errors import (
    AnswerError,
    GatewayError,
    QueryError,
    ReadAuthError,
    ReadOrderError,
    ReadTimeoutError,
)
from sentinel_app.threatconnect.form import VALID_FOR_S, Form, LongForm
from tests.harness.clocks import StandingClock

REFUSED = GatewayError('refused', reason='Request blocked')
UNFIT = AnswerError('does not fit')
LATE = ReadTimeoutError('late')


class Gateway:
    """Lets a form pass unless it has a fault for it."""

    def __init__(self, **faults):
        self.clock = StandingClock()
        self.form = LongForm(self.clock)
        self.faults = faults
        self.proofs = []
        self.asked = []

    def ask(self):
        return self.form.ask(self._ask, prove=self._prove, length=4321)

    def _prove(self, form):
        self.proofs.append(form)
        self._fail(form)

    def _ask(self, form):
        self.asked.append(form)
        self._fail(form)
        return form

    def _fail(self, form):
        if form in self.faults:
            raise self.faults[form]


def test_body_is_proven_once_and_then_used():
    gateway = Gateway()
    assert [gateway.ask(), gateway.ask()] == [Form.BODY] * 2
    assert gateway.proofs == [Form.BODY]
    gateway.clock.advance(VALID_FOR_S)
    gateway.ask()
    assert gateway.proofs == [Form.BODY] * 2


@pytest.mark.parametrize('fault', [REFUSED, UNFIT, LATE])
def test_address_is_used_where_the_body_does_not_arrive(fault):
    gateway = Gateway(body=fault)
    assert [gateway.ask(), gateway.ask()] == [Form.ADDRESS] * 2
    # Nothing but the proof went in the body.
    assert gateway.proofs == [Form.BODY, Form.ADDRESS]
    assert gateway.asked == [Form.ADDRESS] * 2
    # It is looked at again some time later.
    gateway.faults.clear()
    gateway.clock.advance(VALID_FOR_S)
    assert gateway.ask() == Form.BODY


@pytest.mark.parametrize('fault', [REFUSED, UNFIT])
def test_form_that_ceases_to_arrive_is_abandoned(fault):
    gateway = Gateway()
    gateway.ask()
    gateway.faults[Form.BODY] = fault
    assert gateway.ask() == Form.ADDRESS
    gateway.faults = {Form.ADDRESS: fault}
    assert gateway.ask() == Form.BODY


@pytest.mark.parametrize('fault', [LATE, ReadOrderError('order'), QueryError('TQL')])
def test_trouble_in_a_form_that_arrives_is_not_blamed_on_the_form(fault):
    gateway = Gateway()
    gateway.ask()
    gateway.faults = {Form.BODY: fault}
    with pytest.raises(type(fault)):
        gateway.ask()
    assert gateway.asked == [Form.BODY] * 2


def test_threatconnects_refusal_of_the_query_is_reported_with_its_length():
    gateway = Gateway(body=REFUSED, address=QueryError('Bad TQL.', reason='near x'))
    with pytest.raises(QueryError, match=r'^Bad TQL\. .*4,321 characters') as caught:
        gateway.ask()
    assert caught.value.reason == 'near x'


@pytest.mark.parametrize('error', [QueryError('TQL'), ReadAuthError('who?')])
def test_query_refused_in_a_body_that_arrives_is_not_asked_again(error):
    gateway = Gateway(body=error)
    with pytest.raises(type(error)):
        gateway.ask()
    assert gateway.proofs == [Form.BODY]


def test_signature_that_is_wrong_in_the_address_alone_does_not_blame_the_key():
    wrong = ReadAuthError('Check the Secret Key', reason='Signature data did not match')
    with pytest.raises(GatewayError, match='4,321 characters') as caught:
        Gateway(body=REFUSED, address=wrong).ask()
    assert 'Secret Key' not in caught.value.message
    assert wrong.reason in caught.value.reason


@pytest.mark.parametrize('body', [REFUSED, UNFIT])
@pytest.mark.parametrize('address', [REFUSED, UNFIT])
def test_length_is_reported_where_neither_form_arrives(body, address):
    gateway = Gateway(body=body, address=address)
    with pytest.raises(GatewayError, match='4,321 characters') as caught:
        gateway.ask()
    assert 'split it into several' in caught.value.message
    assert (body.reason or body.message) in caught.value.reason
    # The next question is not lost without an attempt.
    gateway.faults.clear()
    assert gateway.ask() == Form.BODY


@pytest.mark.parametrize('other', [REFUSED, UNFIT, LATE])
def test_transient_error_is_worth_another_attempt(other):
    for faults in ({'body': LATE, 'address': other}, {'body': other, 'address': LATE}):
        with pytest.raises(ReadTimeoutError) as caught:
            Gateway(**faults).ask()
        # An outage has nothing to do with the length.
        assert ('4,321 characters' in caught.value.message) == (other is not LATE)
