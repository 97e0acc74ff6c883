//! A service as hyper calls it: requests get the limits of their bodies, and answers are followed.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper_util::service::{TowerToHyperService, TowerToHyperServiceFuture};
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::answer::Answer;
use crate::flow::{Flow, Turn};
use crate::request_body::{Answered, RequestBody};

/// A connection's service.
#[derive(Debug)]
pub(crate) struct Exchanges<S> {
    service: TowerToHyperService<S>,
    /// How long a body may make its reader wait.
    limit: Option<Duration>,
    flow: Arc<Flow>,
}

impl<S> Exchanges<S> {
    pub(crate) fn new(service: S, limit: Option<Duration>, flow: Arc<Flow>) -> Self {
        Self { service: TowerToHyperService::new(service), limit, flow }
    }
}

impl<S, B> hyper::service::Service<Request<Incoming>> for Exchanges<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone,
{
    type Response = Response<Answer<B>>;
    type Error = S::Error;
    type Future = Answering<S>;

    fn call(&self, request: Request<Incoming>) -> Answering<S> {
        let turn = (request.version() == Version::HTTP_2).then(|| Turn::new(self.flow.clone()));
        let (head, body) = request.into_parts();
        let (body, answered) = RequestBody::new(body, self.limit);
        let future = hyper::service::Service::call(&self.service, Request::from_parts(head, body));
        Answering { future, answered, turn }
    }
}

pin_project! {
    /// An answer that is being made.
    pub(crate) struct Answering<S>
    where
        S: Service<Request<RequestBody>>,
    {
        #[pin]
        future: TowerToHyperServiceFuture<S, Request<RequestBody>>,
        answered: Answered,
        turn: Option<Turn>,
    }
}

impl<S, B> Future for Answering<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>>,
{
    type Output = Result<Response<Answer<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let answer = ready!(this.future.poll(context))?;
        this.answered.tell();
        let turn = this.turn.take();
        Poll::Ready(Ok(answer.map(|body| Answer::new(body, turn))))
    }
}
